import { expect, it } from 'vitest';
import { refuseBadAdvice } from '../support/refuse-bad-advice.ts';
import { checkWith, reportWith } from './fixtures.ts';

it('every command that a test’s report advises is one that the program takes', () => {
  const hint = (text: string) => reportWith({ checks: [checkWith({ hint: text })] });
  const good = [
    reportWith({ next: "mcpgw restore --database-url 'sqlite:////h 1/mcp.db' '/a b.json'" }),
    reportWith({ next: 'chmod 600 /x' }),
    hint('Look first: mcpgw doctor --repair, or do nothing.\nRun: mcpgw fix --only roles,team.visibility'),
    hint("Another way: sudo -u '#1000' mcpgw doctor"),
    hint('See how: mcpgw verify --help'),
    hint('mcpgw migrate refuses this.'),
  ];
  for (const report of good) expect(() => refuseBadAdvice(report)).not.toThrow();
  const bad = [
    reportWith({ next: 'mcpgw restore' }),
    reportWith({ next: 'mcpgw mend' }),
    hint('Run: mcpgw fix --onl roles'),
    hint('Look: mcpgw doctor tells more.'),
    reportWith({ warnings: ['More: mcpgw status --lock-timeout 5'] }),
    reportWith({ error: { code: 'STATE', message: '', hint: '', details: ['Run: mcpgw backup --keep 0'] } }),
  ];
  for (const report of bad) expect(() => refuseBadAdvice(report)).toThrow('advises');
});
