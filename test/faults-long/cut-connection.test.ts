import { cutConnectionCases } from '../faults/cut-connection-cases.ts';
import { offsets } from './cut-connection-offsets.ts';

cutConnectionCases(['postgres'], { silences: ['postgres'], ...offsets(1) });
cutConnectionCases(['postgres18'], { silences: ['postgres18'], ...offsets(3) });
