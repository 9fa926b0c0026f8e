/** A schedule scores every night what has come into a folder, and leaves alone what it scored before. */
import assert from 'node:assert/strict';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Client, Connection } from '@temporalio/client';
import { readConfig } from '../../../src/config.ts';
import { readSchedules } from '../../../src/schedules/entries.ts';
import { applySchedules } from '../../../src/schedules/temporal.ts';
import { startSharedRig } from '../../support/rig.ts';
import { until } from '../../support/until.ts';

const rows = Array.from(
  { length: 60 },
  (_, row) => `${row},${(row * 7) % 11},${row > 30 ? 'late' : 'early'}`,
);
const file = (lines: string[]): string => ['hour,visits,half', ...lines, ''].join('\n');

test('a schedule scores what is new in a folder', async (t) => {
  const rig = await startSharedRig();
  t.after(() => rig.takeDown());
  const table = join(rig.stateFolder, 'table.csv');
  // In an order of its own: a column that rises by one a row would be taken for its number.
  writeFileSync(table, file([...rows.slice(20), ...rows.slice(0, 20)]));
  const models = ['--models', 'linear', '--folds', '2'];
  const trained = await rig.begin('run', 'train', '--dataset', table, '--target', 'half', ...models).end;
  assert.equal(trained.exitCode, 0, trained.stderr);
  const found = await rig.database.query<{ model: string }>('select model_id as model from models');
  const folder = join(rig.stateFolder, 'new');
  mkdirSync(folder);
  writeFileSync(join(folder, 'monday.csv'), file(rows.slice(0, 9)));

  const [entry] = readSchedules(
    [
      {
        id: `score-${rig.env['TEMPORAL_NAMESPACE']}`,
        workflow: 'scoreRows',
        cron: '0 2 * * *',
        deadline: '2h',
        input: { model: found.rows[0]!.model, dataset: folder },
      },
    ],
    { checkout: readConfig().checkout, dataset: 'sample', datasetPath: undefined },
  );
  const connection = await Connection.connect({ address: rig.env['TEMPORAL_ADDRESS']! });
  const client = new Client({ connection, namespace: rig.env['TEMPORAL_NAMESPACE']! });
  await applySchedules(client, rig.database, [entry!], { dryRun: false, now: new Date() });
  const night = client.schedule.getHandle(entry!.id);
  t.after(() => night.delete().finally(() => connection.close()));

  let second = '';
  const scored = async (files: number, attempt: number): Promise<{ source: string; output: string }[]> => {
    // Temporal names a run by its second: triggered again within it, there would be no other run.
    await until('another second', () => new Date().toISOString().slice(0, 19) > second);
    await night.trigger();
    return until(`night ${attempt}`, async () => {
      const ended = await rig.database.query<{ workflowId: string }>(
        `select workflow_id as "workflowId" from runs
          where kind = 'scoreRows' and status = 'complete' and attempt = $1`,
        [attempt],
      );
      second = ended.rows[0]?.workflowId.slice(entry!.id.length + 1, -1) ?? second;
      const { rows: done } = await rig.database.query<{ source: string; output: string }>(
        'select source, output from scorings order by source',
      );
      return ended.rowCount === 1 && done.length === files && done;
    });
  };
  const [monday] = await scored(1, 1);
  const before = statSync(monday!.output).mtimeMs;

  writeFileSync(join(folder, 'tuesday.csv'), file(rows.slice(40, 60)));
  const both = await scored(2, 2);
  assert.deepEqual(
    both.map(({ source }) => source.split('/').at(-1)),
    ['monday.csv', 'tuesday.csv'],
  );
  assert.equal(statSync(monday!.output).mtimeMs, before, 'what was scored before is left alone');
});
