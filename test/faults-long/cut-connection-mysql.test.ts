import { cutConnectionCases } from '../faults/cut-connection-cases.ts';
import { offsets } from './cut-connection-offsets.ts';

cutConnectionCases(['mariadb'], { silences: ['mariadb'], ...offsets(1) });
cutConnectionCases(['mysql'], { silences: ['mysql'], ...offsets(3) });
