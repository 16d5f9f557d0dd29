import { expect, test } from 'vitest';
import { FIELD_PAGE, triedOn } from '../../../scripts/testing/tried-on.ts';

const passed = (ancestorTitles: string[], title: string, status = 'passed') => ({
  ancestorTitles,
  title,
  status,
});

test('lists what passed by topic, case and database, in a steady order', () => {
  const page = triedOn(
    {
      testResults: [
        { name: '/x/test/checks/a.test.ts', assertionResults: [passed(['Checks'], 'not listed')] },
        {
          name: '/x/test/field/b.test.ts',
          assertionResults: [
            passed(['Names', 'mysql'], 'a dot | a pipe'),
            passed(['Names [sqlite]'], 'a dot | a pipe'),
            passed(['Names', 'postgres'], 'a dot | a pipe', 'failed'),
            passed(['Names'], 'a blank'),
            passed(['Files', 'links'], 'one to the database is refused'),
          ],
        },
      ],
    },
    FIELD_PAGE,
  );
  expect(page).not.toContain('not listed');
  expect(page.split('\n').filter((line) => /^(##|\| [^c])/.test(line))).toEqual([
    '## Files',
    '| links: one to the database is refused | – | – | – | – | – |',
    '## Names',
    '| a blank | – | – | – | – | – |',
    '| a dot \\| a pipe | ✔ |  |  |  | ✔ |',
  ]);
});
