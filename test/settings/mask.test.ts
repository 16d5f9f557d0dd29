import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadSettings } from '../../src/settings/load.ts';
import { maskSecrets } from '../../src/settings/mask.ts';
import { secretsOf } from '../../src/settings/secrets-of.ts';

describe('maskSecrets', () => {
  it.each([
    ['the password is hunter22!', ['hunter22'], 'the password is ***!'],
    ['hunter22hunter22', ['hunter22'], '******'],
    ['longer-secret secret', ['secret', 'longer-secret'], '*** ***'],
    ['secret-tail', ['secret', 'secret-tail'], '***'],
    ['u:p%40ss%2Fw@h', ['p@ss/w'], 'u:***@h'],
    ['u:p%40ss%2fw@h', ['p@ss/w'], 'u:***@h'],
    ['q=p+ss%21', ['p ss!'], 'q=***'],
    ['q=p%20ss! p+ss!', ['p ss!'], 'q=*** ***'],
    ['"a\\"b\\\\c"', ['a"b\\c'], '"***"'],
    ["VALUES ('it''s it')", ["it's it"], "VALUES ('***')"],
    ['a.c+ abcc', ['a.c+'], '*** abcc'],
    ['abc', ['abc'], 'abc'],
    ['nothing here', [], 'nothing here'],
    ['nothing here', ['', 'xyzw'], 'nothing here'],
  ])('%j', (text, secrets, masked) => {
    expect(maskSecrets(text, secrets)).toBe(masked);
  });

  it('leaves no known form of any secret', () => {
    const secret = fc.string({
      unit: fc.constantFrom(...'@:/%\'"\\ #?&+$^.*()[]{}|-é漢🙂aZ0'),
      minLength: 4,
    });
    fc.assert(
      fc.property(secret, fc.string(), fc.string(), (value, before, after) => {
        for (const form of [value, encodeURIComponent(value), JSON.stringify(value)]) {
          const masked = maskSecrets(`${before}${form}${after}`, [value]);
          expect(masked).not.toContain(value);
          expect(masked).toContain('***');
        }
      }),
    );
  });
});

describe('secretsOf', () => {
  const load = (env: Record<string, string>) =>
    secretsOf(
      loadSettings({ flags: {}, env, cwd: '/', credentials: 'optional', allowDefaultCredentials: false }),
    );

  it('names every secret', () => {
    const env = {
      DATABASE_URL: 'postgresql://ann:dbpw%40@db/mcp',
      PLATFORM_ADMIN_PASSWORD: 'adminpw',
      SSO_GITHUB_CLIENT_SECRET: 'github',
      SSO_GOOGLE_CLIENT_SECRET: 'google',
      SSO_IBM_VERIFY_CLIENT_SECRET: 'ibm',
      SSO_OKTA_CLIENT_SECRET: 'okta',
    };
    expect(load(env)).toEqual(['adminpw', 'dbpw@', 'github', 'google', 'ibm', 'okta']);
  });

  it('there are none by default: everybody knows the default password', () => {
    expect(load({})).toEqual([]);
  });
});
