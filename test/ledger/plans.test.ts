import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { readConfig } from '../../src/config.ts';
import { openDatabase } from '../../src/database/pool.ts';
import type { Database } from '../../src/database/pool.ts';
import { resolveRequest } from '../../src/kinds/backfill/forecasts.ts';
import {
  checkPlan,
  readParts,
  readPlanFacts,
  readWork,
  refuseStalePlan,
  storePlan,
} from '../../src/kinds/backfill/plans.ts';
import type { PlanWorld } from '../../src/kinds/backfill/plans.ts';
import type { BackfillInput } from '../../src/kinds/backfill/input.ts';
import { usualOfSink, usualParts } from '../../src/kinds/backfill/planning/plan.ts';
import { paths, seedPlannedWorld } from '../support/planned-world.ts';
import { testDatabase } from '../support/postgres.ts';

async function freshDatabase(t: TestContext): Promise<Database> {
  const database = openDatabase(await testDatabase(t), 'test');
  t.after(() => database.end());
  return database;
}

const config = readConfig();
const { checkout } = config;
const placed = (database: Database) => ({ database, config });
const range = { start: '2019-06-03', end: '2019-08-23' } as const;

async function worldOf(database: Database, given: Partial<BackfillInput> = {}): Promise<PlanWorld> {
  const input = { commodity: 'WTI', models: ['naive', 'xgboost'], paths, ...range, ...given };
  const resolved = await resolveRequest(database, checkout, input, '2026-01-01');
  // The seeded rows carry the plain keys, as forecasts with every default do.
  const models = resolved.request.models.map((model) => ({
    ...model,
    version: model.key,
    fitVersion: model.key,
  }));
  const { redo, retrain } = input;
  return {
    ...resolved,
    request: { ...resolved.request, models },
    ...(redo !== undefined && { redo }),
    ...(retrain !== undefined && { retrain }),
  };
}

const factsOf = async (database: Database, world: PlanWorld) =>
  readPlanFacts(database, world, await readWork(placed(database), world));

test('a plan and the world', async (t) => {
  const database = await freshDatabase(t);
  await seedPlannedWorld(database);

  await t.test('what is whole is not planned again', async () => {
    const [naive, xgboost] = await readWork(placed(database), await worldOf(database));
    assert.deepEqual(
      [naive!.dates.due, naive!.dates.whole, naive!.dates.toDo, naive!.windows.toTrain],
      [60, 60, 0, 0],
    );
    assert.deepEqual(naive!.windows, { stored: 2, changed: 0, toTrain: 0, tooLittleHistory: 0 });
    assert.equal(xgboost!.modelVersion, 'xgboost');
  });

  await t.test('what is to be done again is counted', async () => {
    const [all] = await readWork(placed(database), await worldOf(database, { redo: 'all', retrain: true }));
    assert.deepEqual([all!.dates.toDo, all!.windows.toTrain], [60, 2]);
    // The seeded fingerprints are nobody's.
    const [changed] = await readWork(placed(database), await worldOf(database, { redo: 'changed' }));
    assert.deepEqual([changed!.dates.changed, changed!.dates.toDo, changed!.windows.toTrain], [60, 60, 0]);
  });

  await t.test('the token of a world holds in that world and is the same each time', async () => {
    const world = await worldOf(database);
    const facts = await factsOf(database, world);
    const token = await storePlan(database, facts);
    assert.equal(await storePlan(database, await factsOf(database, world)), token);
    assert.equal(await checkPlan(database, token, facts), undefined);
    await refuseStalePlan(placed(database), token, world);
  });

  await t.test('another request is refused, with the option named', async () => {
    const token = await storePlan(database, await factsOf(database, await worldOf(database)));
    const shorter = await worldOf(database, { end: '2019-08-16' });
    await assert.rejects(refuseStalePlan(placed(database), token, shorter), {
      type: 'InvalidInput',
      message: /end was 2019-08-23 and is 2019-08-16; .*Plan again/,
    });
    await assert.rejects(
      refuseStalePlan(placed(database), token, await worldOf(database, { redo: 'all' })),
      /redo was left out/,
    );
  });

  await t.test('a token that nobody gave is refused', async () => {
    await assert.rejects(refuseStalePlan(placed(database), 'feedfeedfeed', await worldOf(database)), {
      type: 'InvalidInput',
      message: /there is no plan feedfeedfeed/,
    });
  });

  for (const [what, change] of [
    ['a path that is no finite number', "day_3 = 'NaN' where path_id = 7"],
    ['a path of another number', `path_id = ${paths + 1} where path_id = ${paths}`],
  ]) {
    await t.test(`a date with ${what} is made again`, async () => {
      const client = await database.connect();
      try {
        await client.query('begin');
        await client.query(
          `update distributions set ${change} and forecast_start_date = '2019-07-02' and model_version = 'naive'`,
        );
        const inside = client as unknown as Database;
        const [naive, xgboost] = await readWork(placed(inside), await worldOf(inside));
        assert.deepEqual([naive!.dates.whole, naive!.dates.toDo], [59, 1]);
        assert.equal(xgboost!.dates.whole, 60);
      } finally {
        await client.query('rollback');
        client.release();
      }
    });
  }

  const changes: [string, string, RegExp][] = [
    [
      'a price revised within the range',
      `insert into prices select commodity, date, date + 1, true, close + 1 from prices where date = '2019-07-10'`,
      /prices were revised|price rows/,
    ],
    ['a price that is new', `delete from prices where date = '2019-08-01'`, /price rows were known, now/],
    [
      'rows of a date deleted by hand',
      `delete from distributions where forecast_start_date = '2019-07-02' and model_version = 'xgboost'`,
      /: Plan \w+ does not hold: 60 dates of xgboost were whole, now 59\. /,
    ],
    [
      'a model fitted anew',
      `update fitted_models set sha256 = repeat('0', 64) where model_key = 'naive' and training_date = '2019-07-01'`,
      /the stored models of naive are others now/,
    ],
  ];
  for (const [what, change, message] of changes) {
    await t.test(`${what} is named`, async () => {
      const world = await worldOf(database);
      const token = await storePlan(database, await factsOf(database, world));
      const client = await database.connect();
      try {
        await client.query('begin');
        await client.query(change);
        const inside = client as unknown as Database;
        await assert.rejects(refuseStalePlan(placed(inside), token, await worldOf(inside)), message);
      } finally {
        await client.query('rollback');
        client.release();
      }
    });
  }

  await t.test('prices after the range change nothing', async () => {
    const world = await worldOf(database);
    const token = await storePlan(database, await factsOf(database, world));
    const client = await database.connect();
    try {
      await client.query('begin');
      await client.query(`update prices set close = close + 1 where date > '2019-08-23'`);
      const inside = client as unknown as Database;
      await refuseStalePlan(placed(inside), token, await worldOf(inside));
    } finally {
      await client.query('rollback');
      client.release();
    }
  });

  await t.test('plans of long ago are forgotten', async () => {
    const facts = await factsOf(database, await worldOf(database));
    const old = await storePlan(database, { ...facts, due: 1 });
    await database.query(`update backfill_plans set made_at = now() - interval '31 days' where token = $1`, [
      old,
    ]);
    await storePlan(database, facts);
    assert.match((await checkPlan(database, old, facts)) ?? '', /no plan/);
  });
});

test('without any batch the usual parts are given, and marked as usual', async (t) => {
  const database = await freshDatabase(t);
  const reported = await readParts(database, { engine: 'local', cores: 16, sink: 'postgres', leaves: [] });
  assert.equal(reported.batches, 0);
  assert.equal(reported.measuredCores, usualParts.measuredCores, 'not those of the machine at hand');
  assert.equal(reported.bytesMeasured, false);
  assert.equal(reported.bytesOfARow, usualOfSink.postgres.bytesOfARow);
  const delta = await readParts(database, { engine: 'local', cores: 16, sink: 'delta', leaves: [] });
  assert.equal(delta.bytesOfARow, usualOfSink.delta.bytesOfARow);
});

test('parts are measured in batches that are large enough to tell, of the same engine', async (t) => {
  const database = await freshDatabase(t);
  await database.query(
    `with run as (
       insert into runs (key, kind, dataset, workflow_id, workflow_run_id, input)
       values ('k', 'forecastBackfill', 'prices/WTI', 'w', 'r', '{}') returning run_id)
     insert into batches (batch_id, run_id, unit, attempt, job, engine, priority, state, request, result,
                          workflow_id, workflow_run_id, submitted_at, started_at, finished_at)
     select 'b' || row_number() over (), run_id, 'chunk 1', 1, job, engine, 5, state, '{}',
            jsonb_build_object('rows', rows, 'seconds', jsonb_build_object('tasks', tasks)), 'w', 'r',
            now() - interval '1 second' * (took + waited), now() - interval '1 second' * took, now()
       from run, (values ('forecast_infer', 'local', 'SUCCEEDED', 2000000, 4.0, 5.0, 0.25),
                         ('forecast_infer', 'local', 'SUCCEEDED', 2000000, 2.0, 3.0, 9.0),
                         ('forecast_infer', 'local', 'SUCCEEDED', 2000, 0.1, 60.0, 0.2),
                         ('forecast_infer', 'dataproc', 'SUCCEEDED', 9000000, 1.0, 2.0, 30.0),
                         ('forecast_infer', 'local', 'FAILED', 9000000, 1.0, 2.0, 0.1),
                         ('pool_metrics', 'local', 'SUCCEEDED', 9000000, 1.0, 2.0, 0.1))
                    as b (job, engine, state, rows, tasks, took, waited)`,
  );
  const reported = await readParts(database, { engine: 'local', cores: 16, sink: 'postgres', leaves: [] });
  assert.deepEqual([reported.batches, reported.measuredCores], [2, 16]);
  assert.ok(Math.abs(reported.rowsPerSecond - 500_000) < 100, String(reported.rowsPerSecond));
  assert.ok(Math.abs(reported.serialSecondsOfABatch - 1) < 0.01, String(reported.serialSecondsOfABatch));
  assert.ok(reported.submitSecondsOfABatch < 1.5, 'waiting behind others is not sending');
  await database.query(`update batches set result = result || '{"sink": "delta"}' where batch_id = 'b1'`);
  const ofSink = (sink: 'postgres' | 'delta') =>
    readParts(database, { engine: 'local', cores: 16, sink, leaves: [] });
  assert.deepEqual([(await ofSink('postgres')).batches, (await ofSink('delta')).batches], [1, 1]);
});

test('bytes of a row are those of the table with its key', async (t) => {
  const database = await freshDatabase(t);
  await database.query(`select distributions_leaf('WTI', 'xgboost@0a0b0c')`);
  await database.query(
    `insert into paths_wti$xgboost$0a0b0c (path_id, forecast_start_date, data_cutoff_date, day_1)
     select path, date '2020-01-01' + day, date '2019-12-31' + day, 1
       from generate_series(1, 2000) as path, generate_series(1, 110) as day`,
  );
  await database.query('vacuum analyze paths_wti$xgboost$0a0b0c');
  const leaves = [{ commodity: 'WTI', version: 'xgboost@0a0b0c' }];
  const reported = await readParts(database, { engine: 'local', cores: 2, sink: 'postgres', leaves });
  const [size] = (
    await database.query<{ bytes: number }>(
      `select pg_total_relation_size('paths_wti$xgboost$0a0b0c') as bytes`,
    )
  ).rows;
  assert.equal(reported.bytesMeasured, true);
  const measured = size!.bytes / 220_000;
  assert.ok(Math.abs(reported.bytesOfARow - measured) < 1, `${reported.bytesOfARow}, not ${measured}`);
  await database.query(
    `insert into paths_wti$xgboost$0a0b0c (path_id, forecast_start_date, data_cutoff_date, day_1)
     select path, date '2021-01-01' + day, date '2020-12-31' + day, 1
       from generate_series(1, 2000) as path, generate_series(1, 110) as day`,
  );
  const grown = await readParts(database, { engine: 'local', cores: 2, sink: 'postgres', leaves });
  assert.ok(
    Math.abs(grown.bytesOfARow - measured) < 1,
    'rows that are not counted yet are no reason to be wrong',
  );
});
