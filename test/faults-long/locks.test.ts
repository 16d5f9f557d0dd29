import { LONG } from '../faults/describe-databases.ts';
import { lockCases } from '../faults/lock-cases.ts';

lockCases(LONG);
