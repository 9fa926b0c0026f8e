import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { makePanel } from '../support/panel.ts';
import { startSharedRig } from '../support/rig.ts';
import type { Rig } from '../support/rig.ts';

const reason = /credentials|authenticat/i;

describe('Dataproc Serverless without credentials', () => {
  let rig: Rig;
  before(async () => {
    rig = await startSharedRig({
      ENABLE_DATAPROC_SERVERLESS: 'true',
      GCP_PROJECT_ID: 'nobody',
      GCP_REGION: 'us-central1',
      GCP_TEMP_BUCKET: 'nobody-temp',
      // Nobody answers there, wherever this test runs.
      GCE_METADATA_HOST: '127.0.0.1:1',
      GOOGLE_APPLICATION_CREDENTIALS: undefined,
      CLOUDSDK_CONFIG: '/nonexistent',
    });
  });
  after(() => rig?.takeDown());

  test('a day completes locally, and its record, its page and its command say why', async () => {
    // Too short for a model: what a batch does is not the question.
    const folder = join(rig.stateFolder, 'panel');
    makePanel(folder, { pools: 6, days: 9, lastDay: '2026-03-30' });
    const { exitCode, result, stderr } = await rig.run('2026-03-31', '--dataset', 'files', '--path', folder)
      .end;
    assert.equal(exitCode, 0, stderr);
    const { rows } = await rig.database.query<{ engine: string; from: string; reason: string }>(
      `select distinct engine, fallback_from as "from", fallback_reason as reason from batches`,
    );
    assert.deepEqual(
      rows.map(({ engine, from }) => [engine, from]),
      [['local', 'dataproc']],
    );
    assert.match(rows[0]!.reason, reason);
    const why = await rig.command('why', result.key!);
    assert.match(why.stdout, /dataproc/i);
    assert.match(readFileSync((result as { report: string }).report, 'utf8'), reason);
  });
});
