import { myisamCases } from '../faults/myisam-cases.ts';

myisamCases(['mysql']);
