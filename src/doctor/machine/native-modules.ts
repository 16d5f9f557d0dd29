import { mendCommand, NATIVE_MODULES, whyNot } from '../../native-modules.ts';
import type { DoctorContext } from '../context.ts';
import type { Examination } from '../examination.ts';

/** Modules that were installed for another Node.js, or whose build failed, show only when they are loaded. */
export const nativeModules: Examination<DoctorContext> = {
  id: 'machine.native-modules',
  title: 'The native modules load',
  level: 'error',
  meaning:
    'These modules were installed for another Node.js or another machine, or their build failed. A command that needs one of them is refused.',
  command: '',
  async find() {
    const modules = Object.values(NATIVE_MODULES);
    const failed = modules.flatMap((module) => {
      try {
        module.load();
        return [];
      } catch (error) {
        const line = `${module.name}, which ${module.purpose}: ${whyNot(error)}`;
        return [{ line, mend: mendCommand(module) }];
      }
    });
    if (failed.length === 0) return { count: 0, sample: modules.map(({ name }) => name) };
    return {
      count: failed.length,
      sample: failed.map(({ line }) => line),
      command: [...new Set(failed.map(({ mend }) => mend))].join(' && '),
    };
  },
};
