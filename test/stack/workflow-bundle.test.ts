import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { contentVersion } from '../../setup/programs.mjs';
import { bundleWorkflows } from '../../src/workflow-bundle.ts';

describe('the bundle of the workflows', () => {
  test('is made once and then read', async (context) => {
    const folder = join(temporaryFolder(context), 'not there yet');
    const { code } = await bundleWorkflows(folder);
    assert.match(code, /dailyPhases/);
    const [name, ...others] = readdirSync(folder);
    assert.deepEqual(others, []);
    assert.equal(readFileSync(join(folder, name!), 'utf8'), code);

    writeFileSync(join(folder, name!), 'what is kept');
    assert.deepEqual(await bundleWorkflows(folder), { code: 'what is kept' });
  });

  test('is made where it cannot be kept', async (context) => {
    const file = join(temporaryFolder(context), 'file');
    writeFileSync(file, '');
    const { code } = await bundleWorkflows(join(file, 'no folder'));
    assert.match(code, /dailyPhases/);
  });
});

test('a version tells content, names and absence apart, and nothing else', (context) => {
  const folder = temporaryFolder(context);
  const version = () => contentVersion(folder, ['src', 'lock.json']);
  const seen = [version()];
  const changes: (() => void)[] = [
    () => mkdirSync(join(folder, 'src', 'workflows'), { recursive: true }),
    () => writeFileSync(join(folder, 'src', 'workflows', 'a.ts'), 'one'),
    () => writeFileSync(join(folder, 'src', 'workflows', 'a.ts'), 'two'),
    () => writeFileSync(join(folder, 'lock.json'), '{}'),
    () => {
      rmSync(join(folder, 'src', 'workflows', 'a.ts'));
      writeFileSync(join(folder, 'src', 'workflows', 'b.ts'), 'two');
    },
  ];
  changes.forEach((change) => {
    change();
    seen.push(version());
  });
  // An empty folder is as good as none.
  assert.equal(new Set(seen).size, seen.length - 1);
  writeFileSync(join(folder, 'src', 'workflows', 'b.ts'), 'two');
  writeFileSync(join(folder, 'elsewhere'), '');
  assert.equal(version(), seen.at(-1));
});

function temporaryFolder(context: { after: (work: () => void) => void }): string {
  const folder = mkdtempSync(join(tmpdir(), 'sevenfold-bundle-'));
  context.after(() => rmSync(folder, { recursive: true }));
  return folder;
}
