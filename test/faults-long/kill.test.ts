import { LONG, SHORT } from '../faults/describe-databases.ts';
import { killCases } from '../faults/kill-cases.ts';

killCases([...SHORT, ...LONG], Number.POSITIVE_INFINITY);
