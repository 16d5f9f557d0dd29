import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { shellWord } from '../../../report/shell-word.ts';
import type { FileExamination } from './file-examination.ts';
import { realFile } from './real-file.ts';
import { sudoUser, thisUser, userLabel } from './users.ts';

const STICKY = 0o1000;

export const fileSticky: FileExamination = {
  id: 'file.sticky',
  title: 'Its folder lets users remove each other’s journals',
  level: 'warning',
  meaning:
    'In a sticky folder such as /tmp only the owner of a file can remove it: a journal that one user leaves is in the way of the other ("disk I/O error"), and a backup cannot be restored.',
  command: '',
  async find({ target }) {
    const path = realFile(target);
    const folder = dirname(path);
    const [{ uid: owner }, { mode, uid: folderOwner }] = [statSync(path), statSync(folder)];
    const me = thisUser();
    const isOurs = me === null || me === 0 || me === owner || me === folderOwner;
    if ((mode & STICKY) === 0 || isOurs) return { count: 0, sample: [] };
    return {
      count: 1,
      sample: [`${folder} is sticky, and ${path} belongs to ${userLabel(owner)}, not to ${userLabel(me)}`],
      hint: `${fileSticky.meaning} Run mcpgw as ${userLabel(owner)}.`,
      command: `sudo -u ${sudoUser(owner)} mcpgw doctor --database-url ${shellWord(`sqlite:///${path}`)}`,
    };
  },
};
