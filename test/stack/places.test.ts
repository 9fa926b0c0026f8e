import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { readConfig } from '../../src/config.ts';
import { codeVersion } from '../../src/stack/code-version.ts';
import { canEnter, makeFolderFor, plainName, serverUser, socketFolder } from '../../src/stack/places.ts';

function scratch(t: TestContext, name = 'sevenfold-places-'): string {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), name)));
  t.after(() => {
    rmSync(socketFolder(folder), { recursive: true, force: true });
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

test('a folder whose name means something to others has a plain one for the same place', (t) => {
  const plain = scratch(t);
  assert.equal(plainName(plain), plain);
  for (const name of [
    "sevenfold it's ",
    'sevenfold-é-',
    'sevenfold-a,b-',
    'sevenfold-#%20-',
    'sevenfold-a:b-',
  ]) {
    const odd = scratch(t, name);
    writeFileSync(path.join(odd, 'there'), name);
    const link = plainName(odd);
    assert.match(link, /^[\w./-]+$/);
    assert.equal(readFileSync(path.join(link, 'there'), 'utf8'), name);
    assert.ok(lstatSync(link).isSymbolicLink());
    assert.equal(plainName(odd), link, 'asked again, it is the same');
  }
});

test("with umask 077 the server's user still comes to its folder", (t) => {
  const user = serverUser();
  const folder = scratch(t);
  execFileSync('chmod', ['755', folder]);
  const before = process.umask(0o077);
  t.after(() => process.umask(before));
  const data = path.join(folder, 'checkout-0a0a0a0a', 'postgres');
  makeFolderFor(data, user);
  assert.ok(canEnter(data, user));
  assert.equal(statSync(data).mode & 0o777, 0o700);
});

test('an edit of a schedule or of a list of pools restarts nothing; one of the code or of prices of machines does', (t) => {
  const { checkout } = readConfig({});
  const copy = scratch(t);
  mkdirSync(path.join(copy, 'src'));
  cpSync(path.join(checkout, 'config'), path.join(copy, 'config'), { recursive: true });
  const version = (): string => codeVersion(copy, path.join(copy, '.sevenfold'));
  const before = version();
  for (const name of ['schedules.json', 'retention.json', 'pools/lists.json', 'prices/WTI.json'])
    writeFileSync(path.join(copy, 'config', name), ' ', { flag: 'a' });
  assert.equal(version(), before);
  writeFileSync(path.join(copy, 'config', 'cost-rates.json'), ' ', { flag: 'a' });
  const priced = version();
  assert.notEqual(priced, before);
  writeFileSync(path.join(copy, 'src', 'new.ts'), '');
  assert.notEqual(version(), priced);
});
