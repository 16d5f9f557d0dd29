import { LONG, SHORT } from '../faults/describe-databases.ts';
import { SIGNALS, signalCases } from '../faults/signal-cases.ts';

signalCases([...SHORT, ...LONG], () => SIGNALS);
