import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { digestOfSource, digestOfTables, isThere } from '../src/data-files.ts';
import { Failure } from '../src/failures.ts';

function folderOf(files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'sevenfold-data-'));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

const refused = (said: RegExp) => (error: unknown) =>
  error instanceof Failure && error.type === 'InvalidInput' && said.test(error.message);

test('a folder of part files has the digest that the job expects, and a file that of its bytes', async () => {
  const folder = folderOf({
    'day=2/b.csv': 'a\n1\n',
    'day=1/é.csv': 'a\n2\n',
    _SUCCESS: '',
    'day=1/.é.csv.crc': 'crc',
    'a.csv': 'a\n3\n',
  });
  // spark/tests/door/test_door_reading.py expects the same of the same folder
  assert.equal(
    await digestOfSource(folder),
    'ee2a895a6169971d13abad374af07b147d822d4efd17132ab66718aa1a99028e',
  );
  const bytes = createHash('sha256').update('a\n3\n').digest('hex');
  assert.equal(await digestOfSource(join(folder, 'a.csv')), bytes);
});

test('tables count under any ending and in parts, other files do not', async () => {
  const files = { 'pools.csv': 'a\n', 'pool_history.parquet/part-0.parquet': 'PAR1' };
  const before = await digestOfTables(folderOf(files));
  assert.equal(await digestOfTables(folderOf({ ...files, 'notes.csv': 'x' })), before);
  for (const changed of ['Gas_Daily.CSV', 'macro.parquet.gz', 'pool_history.parquet/part-1.parquet']) {
    assert.notEqual(await digestOfTables(folderOf({ ...files, [changed]: 'x' })), before, changed);
  }
});

test('what cannot be read is refused by its name and never waited for', async () => {
  const folder = folderOf({ 'pools.csv': 'a\n' });
  assert.equal(isThere(join(folder, 'gone.csv')), false);
  symlinkSync(join(folder, 'macro.csv'), join(folder, 'macro.csv'));
  await assert.rejects(
    digestOfTables(folder),
    refused(/macro\.csv is a link that leads back to itself \(ELOOP\)/),
  );
  const other = folderOf({});
  symlinkSync(join(other, 'gone'), join(other, 'other.csv'));
  execFileSync('mkfifo', [join(other, 'gas_daily.csv')]);
  assert.equal(isThere(join(other, 'gas_daily.csv')), false);
  await assert.rejects(digestOfTables(other), refused(/gas_daily\.csv is neither a file nor a folder/));
});
