import { expect, test } from 'vitest';
import { parseDeb822, parseOneLine } from '../../../scripts/servers/debian-sources.ts';

test('deb822: the archive, not the security archive', () => {
  const text = `Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Signed-By: /keys/security.gpg

Types: deb
# a comment
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /keys/archive.gpg
`;
  expect(parseDeb822('f.sources', text)).toEqual({
    file: 'f.sources',
    archive: 'http://mirror.example/debian',
    signedBy: '/keys/archive.gpg',
  });
  expect(parseDeb822('f.sources', '# nothing\n')).toBeUndefined();
});

test('one line: options, comments and the security archive', () => {
  const text = `# deb http://old.example/debian bookworm main
deb http://mirror.example/debian-security bookworm-security main
deb [arch=amd64 signed-by=/keys/archive.gpg] http://mirror.example/debian bookworm main
`;
  expect(parseOneLine('list', text)).toEqual({
    file: 'list',
    archive: 'http://mirror.example/debian',
    signedBy: '/keys/archive.gpg',
  });
  expect(parseOneLine('list', '')).toBeUndefined();
});
