import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'dotenv';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GatewayError } from '../../src/errors.ts';
import { readEnvFile } from '../../src/settings/env-file.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mcpgw-env-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function read(content: string | Buffer, env: Record<string, string> = {}) {
  const path = join(folder, 'a.env');
  writeFileSync(path, content);
  const { file, error } = readEnvFile(path, true, env);
  if (error !== null) throw error;
  if (file === null) throw new Error('the file was not found');
  return file;
}

const values = (content: string | Buffer, env: Record<string, string> = {}) =>
  Object.fromEntries([...read(content, env).entries].map(([name, entry]) => [name, entry.value]));

function errorOf(act: () => unknown): GatewayError {
  try {
    act();
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
  throw new Error('it was read');
}

describe('values', () => {
  it.each([
    ['A=b', 'b'],
    ['a=b', 'b'],
    ['export A=b', 'b'],
    ['  A = b  ', 'b'],
    ['A=', ''],
    ['A=   ', ''],
    ['A=b # comment', 'b'],
    ["A='b # c' # comment", 'b # c'],
    ['A="b"', 'b'],
    ['A="it\'s"', "it's"],
    ["A=it's", "it's"],
    ['A=b=c', 'b=c'],
    ['A="b\nc"\nB=d', 'b\nc'],
    ['A="b\\nc"', 'b\nc'],
    ["A='b\\nc'", 'b\\nc'],
    ['A=b\r\nB=c\r\n', 'b'],
    ['\uFEFFA=b', 'b'],
    ['A=b\nA=c', 'c'],
    // Here dotenv alone would read something else than the gateway does.
    ['A=pa#ss', 'pa#ss'],
    ['A=#ss', '#ss'],
    ['A=pa#ss # comment', 'pa#ss'],
    ['A=`b`', '`b`'],
    ['A="b\\"c"', 'b"c'],
    ['A="b\\\\nc"', 'b\\nc'],
    ["A='it\\'s'", "it's"],
    ["A='C:\\folder\\'", 'C:\\folder\\'],
  ])('%j', (content, value) => {
    expect(values(content)).toMatchObject({ A: value });
  });

  it('goes on behind a value of several lines and counts lines from 1', () => {
    const { entries } = read('# first\nA="b\nc\nd"\n\nB=e\n');
    expect(entries.get('A')).toEqual({ value: 'b\nc\nd', line: 2, unresolved: [] });
    expect(entries.get('B')).toEqual({ value: 'e', line: 6, unresolved: [] });
  });

  it('resolves references from earlier lines, then the environment, then the default', () => {
    const content = `USER=ann\nA=\${USER}:\${PW}@\${HOST:-db}\nB=\${LATER}\nLATER=1`;
    const { entries } = read(content, { USER: 'bob', PW: 'x' });
    expect(entries.get('A')?.value).toBe('ann:x@db');
    expect(entries.get('B')).toEqual({ value: '', line: 3, unresolved: ['LATER'] });
  });

  it('leaves process.env alone', () => {
    values('MCPGW_TEST_LEAK=1');
    expect(process.env).not.toHaveProperty('MCPGW_TEST_LEAK');
  });

  it('reads what needs no quoting as dotenv does', () => {
    const value = fc.string({
      unit: fc.constantFrom(...'abcXYZ019 :/@!$%^&*()=+[]{}|;,.<>?~-_é漢'),
      maxLength: 20,
    });
    fc.assert(
      fc.property(fc.dictionary(fc.stringMatching(/^[A-Z][A-Z0-9_]{0,8}$/), value), (wanted) => {
        fc.pre(!Object.values(wanted).some((text) => text.includes('${')));
        const content = Object.entries(wanted)
          .map(([name, text]) => `${name}=${text}\n`)
          .join('');
        expect(values(content)).toEqual({ ...parse(content) });
      }),
    );
  });
});

describe('what cannot be parsed', () => {
  it.each([
    ['A=b\nsecret words\nB=c', ['line 2']],
    ['secret', ['line 1']],
    ['export secret', ['line 1']],
    ['A: secret', ['line 1']],
    ['1A=secret', ['line 1']],
    ['=secret', ['line 1']],
    ['A="secret\nB=c\nstray', ['line 1', 'line 3']],
    ["A=b\nB='secret", ['line 2']],
    ['A="b" secret', ['line 1']],
    ['A="b\nc" secret\nB=d\nstray', ['line 1', 'line 2', 'line 4']],
    ['A=b\nB=sec\0ret', ['line 2']],
    [Buffer.from('A=b\nB=secret\xe9\nC=d', 'latin1'), ['line 2']],
    [
      Buffer.from('stray\nB=secret\xe9\nC=d\nD="b" secret\n\xe9', 'latin1'),
      ['line 1', 'line 2', 'line 4', 'line 5', 'line 5'],
    ],
  ])('%j', (content, lines) => {
    const error = errorOf(() => read(content));
    expect(error.code).toBe('ENV_FILE');
    expect(error.details.map((detail) => `${detail}`.split(':')[0])).toEqual(lines);
    expect(`${error.message} ${error.hint} ${error.details.join(' ')}`).not.toMatch(/secret|words|ret\b/);
    expect(error.message).toContain('a.env');
  });

  it.each(['utf16le', 'utf16be'])('%s', (encoding) => {
    const little = Buffer.from('\uFEFFA=b', 'utf16le');
    const error = errorOf(() => read(encoding === 'utf16le' ? little : Buffer.from(little).swap16()));
    expect(error.code).toBe('ENV_FILE');
    expect(error.message).toContain('UTF-16');
  });

  it('never throws anything else, nor repeats what it read', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (content) => {
        try {
          read(`A=${content}\n`);
        } catch (error) {
          if (!(error instanceof GatewayError)) throw error;
          expect(error.code).toBe('ENV_FILE');
          if (content.length > 8) expect(error.details.join('\n')).not.toContain(content);
        }
      }),
    );
  });
});

describe('the file', () => {
  it('a missing file or a folder is fine at the default place', () => {
    mkdirSync(join(folder, 'folder.env'));
    for (const name of ['missing.env', 'folder.env']) {
      expect(readEnvFile(join(folder, name), false, {})).toEqual({ file: null, error: null });
    }
  });

  it.each([
    ['missing2.env', 'does not exist'],
    ['.', 'is a folder'],
  ])('%s that was asked for is an error', (name, reason) => {
    const { error } = readEnvFile(join(folder, name), true, {});
    expect(error?.code).toBe('ENV_FILE');
    expect(error?.message).toContain(reason);
    expect(error?.hint).toContain('--env-file');
  });
});
