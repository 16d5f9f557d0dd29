// Runs SQL on a database and keeps it open until it is killed or its standard input ends.
import { readSync, writeSync } from 'node:fs';

const [, , driver, path, sql] = process.argv;
const { default: SQLite } = await import(driver);
const database = new SQLite(path);
for (const statement of sql.split(';')) {
  const text = statement.trim();
  if (text === '') continue;
  if (text.startsWith('PRAGMA')) database.pragma(text.slice('PRAGMA'.length));
  else if (text.startsWith('SELECT')) database.prepare(text).all();
  else database.exec(text);
}
writeSync(1, 'ready\n');
readSync(0, Buffer.alloc(1));
database.close();
