import { statSync } from 'node:fs';
import type { FileExamination } from './file-examination.ts';
import { holdersOf } from './holders-of.ts';
import { realFile } from './real-file.ts';
import { sudoUser, thisUser, userLabel } from './users.ts';

export const fileHolders: FileExamination = {
  id: 'file.holders',
  title: 'Nobody has the file open',
  level: 'info',
  meaning:
    'The gateway may run while the database is only looked at. Stop it before a migration: it would wait for a lock, and a gateway of v0.6.0 does not know the new schema.',
  command: '',
  async find(context) {
    const { open, hidden } = await holdersOf(context);
    const owner = statSync(realFile(context.target)).uid;
    const unseen = hidden.filter(({ uid }) => uid === owner && owner !== thisUser()).length;
    const note =
      unseen === 0
        ? []
        : [
            `${unseen} processes of the file’s owner ${userLabel(owner)} cannot be looked at; to see them: sudo -u ${sudoUser(owner)} mcpgw doctor`,
          ];
    return { count: open.length, sample: [...open.map(({ text }) => text), ...note] };
  },
};
