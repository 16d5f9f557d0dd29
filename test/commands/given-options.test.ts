import { describe, expect, it } from 'vitest';
import { givenOptions } from '../../src/commands/given-options.ts';

const given = (options: object) => givenOptions({ format: 'text', color: false, ...options }, '/srv');

describe('givenOptions', () => {
  it('repeats what was typed so that it is right in every folder, and nothing else', () => {
    expect(given({ quiet: true })).toEqual([]);
    expect(given({ databaseUrl: 'sqlite:///../h1/mcp.db', envFile: './a b.env' })).toEqual([
      ['--database-url', 'sqlite:////h1/mcp.db'],
      ['--env-file', '/srv/a b.env'],
    ]);
    expect(given({ databaseUrlFile: 'url' })).toEqual([['--database-url-file', '/srv/url']]);
    expect(given({ databaseUrl: 'postgresql://gw@db:5433/mcp' })).toEqual([
      ['--database-url', 'postgresql://gw@db:5433/mcp'],
    ]);
  });

  it.each([
    ['postgresql+psycopg://gw:hunter22@db:5433/mcp', 'postgresql://gw:***@db:5433/mcp'],
    ['mysql://gw:hun%2Fter22@db/mcp?charset=utf8mb4', 'mysql://gw:***@db:3306/mcp?charset=utf8mb4'],
    ['postgresql://gw@db/mcp?password=hunter22', expect.not.stringContaining('hunter22')],
    ['sqlite:///mcp.db?key=hunter22', expect.not.stringContaining('hunter22')],
    ['oracle://gw:hunter22@db/mcp', '***'],
    ['gw:hunter22@db/mcp', '***'],
  ])('%s shows no secret', (url, shown) => {
    expect(given({ databaseUrl: url })).toEqual([['--database-url', shown]]);
  });
});
