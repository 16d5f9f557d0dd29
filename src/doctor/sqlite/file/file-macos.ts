import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { shellWord } from '../../../report/shell-word.ts';
import type { DoctorFindings } from '../../examination.ts';
import type { FileExamination } from './file-examination.ts';
import { realFile } from './real-file.ts';

export const fileMacos: FileExamination = {
  id: 'file.macos',
  title: 'macOS keeps no program from the file',
  level: 'warning',
  meaning: 'macOS may refuse to open the file ("Operation not permitted") although its mode allows it.',
  command: '',
  async find({ target, env }) {
    if (process.platform !== 'darwin') return { count: 0, sample: [] };
    const path = realFile(target);
    return judgeMacos(path, env.HOME ?? '', await quarantineOf(path));
  },
};

/**
 * @param home of this user
 * @param quarantine the attribute `com.apple.quarantine`, or null when the file has none
 */
export function judgeMacos(path: string, home: string, quarantine: string | null): DoctorFindings {
  const inHome = (folder: string) => home !== '' && path.startsWith(`${home}/${folder}/`);
  const sample: string[] = [];
  let command = '';
  if (['Library/Containers', 'Library/Group Containers'].some(inHome)) {
    sample.push(`${path} is in the sandbox of an app: other programs need "Full Disk Access" to open it`);
  }
  const guarded = ['Desktop', 'Documents', 'Downloads'].find(inHome);
  if (guarded !== undefined) {
    sample.push(`${path} is in ${guarded}, which background services may not open without being allowed to`);
  }
  if (quarantine !== null) {
    sample.push(`${path} is quarantined as a download`);
    command = `xattr -d com.apple.quarantine ${shellWord(path)}`;
  } else if (sample.length > 0) {
    command = `mkdir -p ~/mcpgateway && cp -p ${shellWord(path)} ~/mcpgateway/`;
  }
  return { count: sample.length, sample, command };
}

async function quarantineOf(path: string): Promise<string | null> {
  try {
    const { stdout } = await promisify(execFile)('/usr/bin/xattr', ['-p', 'com.apple.quarantine', path], {
      timeout: 2_000,
    });
    return stdout.trim();
  } catch {
    return null;
  }
}
