import { SHORT } from './describe-databases.ts';
import { killCases } from './kill-cases.ts';

killCases(SHORT, 3);
