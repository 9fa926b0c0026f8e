import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdtempSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import pg from 'pg';
import { readChosen } from '../../src/stack/chosen.ts';
import { openFolder } from '../../src/stack/places.ts';
import { wipe } from '../../src/stack/stack.ts';
import { testStack } from '../support/stack.ts';

const asRoot = process.getuid?.() === 0;

test(
  'as root under a home that is closed to others, and whatever the umask, the data lie outside it, and wipe finds them',
  { skip: !asRoot },
  async (t) => {
    const home = realpathSync(mkdtempSync(path.join(tmpdir(), 'sevenfold-home-')));
    chmodSync(home, 0o700);
    const umask = process.umask(0o077);
    t.after(() => process.umask(umask));
    const stack = testStack(t, ['postgres'], home);
    const { databaseUrl } = await stack.up();
    const client = new pg.Client({ connectionString: databaseUrl });
    await client.connect();
    const { rows } = await client.query<{ folder: string }>(
      "select current_setting('data_directory') as folder",
    );
    await client.end();
    const folder = rows[0]?.folder ?? '';
    assert.equal(folder, readChosen(stack.place.stateFolder)?.databaseFolder);
    assert.ok(folder.startsWith(path.join(openFolder(), 'checkout-')), folder);
    assert.equal(existsSync(path.join(folder, 'PG_VERSION')), true);
    await wipe(stack.place, () => undefined);
    assert.equal(existsSync(path.dirname(folder)), false);
  },
);
