import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DumpRows } from '../../src/database/mysql/dump-rows.ts';

const DUMP = [
  '/*M!999999\\- enable the sandbox mode */ ',
  '-- INSERT INTO `t` VALUES (0);',
  'CREATE TABLE `it``s (odd)` (',
  '  `a` int DEFAULT 1',
  ');',
  'LOCK TABLES `it``s (odd)` WRITE;',
  '/*!40000 ALTER TABLE `t` DISABLE KEYS */;',
  "INSERT INTO `it``s (odd)` VALUES (1,'a;(b'),(2,'it\\'s) \\\\'),(3,'two '' quotes (('),(4,NULL);",
  'INSERT INTO `it``s (odd)` VALUES (5,0xFF00);',
  'UNLOCK TABLES;',
  'LOCK TABLES `empty` WRITE;',
  'UNLOCK TABLES;',
  'LOCK TABLES `mariadb` WRITE;',
  'INSERT INTO `mariadb` VALUES',
  "(1,'(one'),",
  "(2,'two);'),",
  "(3,'naïve 🙂');",
  'UNLOCK TABLES;',
  'DROP TABLE IF EXISTS `a',
  'LOCK TABLES ``b`` WRITE;',
  '`;',
  'LOCK TABLES `a',
  'LOCK TABLES ``b`` WRITE;',
  '` WRITE;',
  '/*!40000 ALTER TABLE `a',
  'LOCK TABLES ``b`` WRITE;',
  'INSERT INTO ``b`` VALUES (1)` DISABLE KEYS */;',
  'INSERT INTO `a',
  'LOCK TABLES ``b`` WRITE;',
  '` (`id`, `VALUES (`, ```b;`) VALUES (1,2,3),',
  "(2,'(',4);",
  'UNLOCK TABLES;',
  'CREATE PROCEDURE p() BEGIN',
  'INSERT INTO `mariadb` VALUES (9);',
  'END ;;',
  '-- Dump completed',
  '',
].join('\n');

const ROWS = { 'it`s (odd)': 5, empty: 0, mariadb: 3, 'a\nLOCK TABLES `b` WRITE;\n': 2 };

function count(pieces: readonly Buffer[]): DumpRows {
  const counter = new DumpRows();
  for (const piece of pieces) counter.add(piece);
  return counter;
}

test('counts the rows of each table, whatever is in them', () => {
  const counter = count([Buffer.from(DUMP)]);
  expect(Object.fromEntries(counter.rows)).toEqual(ROWS);
  expect(counter.complete).toBe(true);
});

test('it does not matter where the pieces are cut', () => {
  const bytes = Buffer.from(DUMP);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 200 }), (sizes) => {
      const pieces: Buffer[] = [];
      let at = 0;
      for (const size of sizes) {
        pieces.push(bytes.subarray(at, at + size));
        at += size;
      }
      pieces.push(bytes.subarray(at));
      const counter = count(pieces);
      expect(Object.fromEntries(counter.rows)).toEqual(ROWS);
      expect(counter.complete).toBe(true);
    }),
  );
});

test('a dump that was cut short is not complete', () => {
  const cut = Buffer.from(DUMP).subarray(0, DUMP.indexOf('-- Dump completed'));
  expect(count([cut]).complete).toBe(false);
  expect(count([cut, Buffer.from("-- Dump completed' in a text\n);\n")]).complete).toBe(false);
});

test('rows that it cannot count make it incomplete', () => {
  const other = DUMP.replace('INSERT INTO `mariadb`', 'INSERT IGNORE INTO `mariadb`');
  expect(count([Buffer.from(other)]).complete).toBe(false);
});
