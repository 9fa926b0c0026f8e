import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  dates,
  first,
  forgetForecasts,
  last,
  paths,
  startSharedBackfillRig,
} from '../../support/backfill-rig.ts';
import type { BackfillRig } from '../../support/backfill-rig.ts';
import { makePanel } from '../../support/panel.ts';

const naive = ['--models', 'naive'];

describe('a backfill is complete by its rows, and by nothing else', () => {
  let rig: BackfillRig;
  let whole: string;

  async function complete(...options: string[]) {
    const { exitCode, result, stderr } = await rig.backfill(...options).end;
    assert.equal(exitCode, 0, `${stderr} ${JSON.stringify(result)}`);
    assert.equal(result.status, 'complete');
    return result;
  }

  /** Dates that were begun anew since a moment. */
  async function begunSince(moment: Date): Promise<string[]> {
    const { rows } = await rig.database.query<{ unit: string }>(
      `select unit from units where kind = 'date' and started_at >= $1 order by unit`,
      [moment],
    );
    return rows.map(({ unit }) => unit);
  }

  const now = async (): Promise<Date> =>
    (await rig.database.query<{ now: Date }>('select clock_timestamp() as now')).rows[0]!.now;

  before(async () => {
    rig = await startSharedBackfillRig();
    const result = await complete();
    assert.equal(result.counts!['rows'], 2 * dates * paths);
    assert.equal(result.counts!['points'], 2 * dates * 14);
    whole = await rig.forecastChecksum();
  });
  after(() => rig?.takeDown());

  test('a second start finds everything there and says so', async () => {
    const moment = await now();
    const result = await complete();
    assert.equal(result.alreadyComplete, true);
    assert.deepEqual(await begunSince(moment), []);
  });

  for (const [chunk, concurrency, from] of [
    ['7', '1', '2024-07-22'],
    ['1', '4', '2024-08-06'],
  ] as const) {
    test(`chunks of ${chunk}, ${concurrency} at a time, give the same bytes`, async () => {
      const before = await rig.forecastChecksum(from);
      await forgetForecasts(rig);
      await complete('--chunk', chunk, '--concurrency', concurrency, '--start', from, '--end', last);
      assert.equal(await rig.forecastChecksum(from), before);
      await complete();
    });
  }

  test('a part alone has the bytes of the whole', async () => {
    const part = ['2024-06-25', '2024-07-03'] as const; // over the end of a training window
    const before = await rig.forecastChecksum(...part);
    await forgetForecasts(rig, true);
    await complete('--start', part[0], '--end', part[1]);
    assert.equal(await rig.forecastChecksum(...part), before);
    await complete();
    assert.equal(await rig.forecastChecksum(), whole);
  });

  test('exactly the dates whose rows were deleted, emptied or thinned are made again', async () => {
    await rig.database.query(
      `delete from distributions where model_version like 'xgboost%' and forecast_start_date between '2024-06-03' and '2024-06-07'`,
    );
    await rig.database.query(
      `update distributions set day_9 = null where model_version like 'naive%' and forecast_start_date = '2024-07-09' and path_id = 5`,
    );
    await rig.database.query(
      `update distributions set day_2 = 'NaN' where model_version like 'naive%' and forecast_start_date = '2024-07-10' and path_id = 6`,
    );
    await rig.database.query(
      `delete from distributions where model_version like 'naive%' and forecast_start_date = '2024-07-11' and path_id > 290`,
    );
    await rig.database.query(
      `delete from point_forecasts where model_version like 'naive%' and forecast_start_date = '2024-07-12' and day_ahead = 3`,
    );
    const look = await rig.command(
      ...['coverage', '--commodity', 'SAMPLE', '--models', 'naive', 'xgboost', '--paths', String(paths)],
      ...['--start', first, '--end', last, '--json'],
    );
    assert.equal(look.exitCode, 1);
    const covered = JSON.parse(look.stdout) as {
      models: { modelVersion: string; complete: number; missing: object[]; partial: object[] }[];
    };
    assert.deepEqual(
      covered.models.map((model) => [
        model.modelVersion.split('@')[0],
        model.complete,
        model.missing,
        model.partial,
      ]),
      [
        ['naive', dates - 4, [], [{ first: '2024-07-09', last: '2024-07-12', dates: 4 }]],
        ['xgboost', dates - 5, [{ first: '2024-06-03', last: '2024-06-07', dates: 5 }], []],
      ],
    );
    const moment = await now();
    await complete();
    assert.equal((await begunSince(moment)).length, 9);
    assert.equal(await rig.forecastChecksum(), whole);
  });

  test('a finite value that was altered by hand passes the verification and not the audit', async () => {
    const audit = () =>
      rig.begin(
        ...['audit', '--commodity', 'SAMPLE', '--models', 'naive', 'xgboost', '--paths', String(paths)],
        ...['--start', first, '--end', last, '--sample', '100%'],
      ).end;
    assert.equal((await audit()).result.status, 'complete');
    await rig.database.query(
      `update distributions set day_3 = day_3 + 0.01 where commodity = 'SAMPLE' and path_id = 7 and forecast_start_date = '2024-07-16'
          and model_version like 'xgboost%'`,
    );
    await complete();
    const found = await audit();
    assert.equal(found.exitCode, 1);
    assert.match(found.result.statement!, /119 of 120 dates/);
    assert.match(found.result.statement!, /2024-07-16.*path 7/);
    await rig.database.query(
      `delete from distributions where forecast_start_date = '2024-07-16' and path_id > 0 and model_version like 'xgboost%'`,
    );
    await complete();
    assert.equal(await rig.forecastChecksum(), whole);
  });

  test('a date that the database refuses is set apart, everything else completes, and a retry takes it up', async () => {
    await forgetForecasts(rig);
    await rig.database.query(
      `create function refuse() returns trigger language plpgsql as $$
       begin raise exception 'poisoned date'; end $$`,
    );
    await rig.database.query(
      `create trigger refuse before insert on distributions for each row
         when (new.forecast_start_date = '2024-06-20' and new.model_version like 'naive%') execute function refuse()`,
    );
    const { exitCode, result } = await rig.backfill().end;
    assert.equal(exitCode, 1);
    assert.equal(result.status, 'partial');
    assert.equal(result.counts!['complete'], 2 * dates - 1);
    assert.equal(result.counts!['quarantined'], 1);
    assert.match(result.statement!, /2024-06-20 .*poisoned date/);
    const why = await rig.command('why', result.key!);
    assert.match(why.stdout, /2024-06-20 \(1\) quarantined.*poisoned date/);
    assert.match(why.stdout, /sevenfold retry/);

    await rig.database.query('drop trigger refuse on distributions');
    const moment = await now();
    const retried = await rig.begin('retry', result.key!).end;
    assert.equal(retried.result.status, 'complete', retried.stderr);
    assert.equal((await begunSince(moment)).length, 1);
    assert.equal(await rig.forecastChecksum(), whole);
  });

  test('a stored model that was altered fails its window by name, and the other windows go on', async () => {
    await forgetForecasts(rig);
    await rig.database.query(
      `update fitted_models set state_json = replace(state_json, '0', '1') where model_key = 'xgboost' and training_date = '2024-07-01'`,
    );
    const { exitCode, result } = await rig.backfill().end;
    assert.equal(exitCode, 1);
    assert.equal(result.status, 'partial');
    assert.match(result.statement!, /2024-07-01.*does not match its sha256/);
    const { rows } = await rig.database.query<{ version: string; dates: number }>(
      `select split_part(model_version, '@', 1) as version, count(distinct forecast_start_date) as dates
         from distributions where path_id > 0 group by 1 order by 1`,
    );
    assert.equal(rows[0]!.dates, dates);
    assert.ok(rows[1]!.dates > 0 && rows[1]!.dates < dates);
    await complete('--retrain');
    assert.equal(await rig.forecastChecksum(), whole, 'a model that is trained again is the same');
  });

  test('prices that changed since are reported, not silently kept or replaced', async () => {
    await rig.database.query(
      `update prices set close = close + 1 where commodity = 'SAMPLE' and date = '2024-07-30'`,
    );
    const outcome = await rig.backfill(...naive).end;
    assert.equal(outcome.result.status, 'partial');
    assert.match(outcome.result.statement!, /2024-07-31\.\.2024-08-12 made from other prices/);
    await complete(...naive, '--redo', 'changed');
    await rig.database.query(
      `update prices set close = close - 1 where commodity = 'SAMPLE' and date = '2024-07-30'`,
    );
    await complete('--redo', 'changed');
    assert.equal(await rig.forecastChecksum(), whole);
  });

  test('a cancel ends what runs within seconds, and a new start takes up what is left', async () => {
    await forgetForecasts(rig);
    const { end } = rig.backfill('--chunk', '5', '--concurrency', '1');
    const key = await keyOfOpenRun(rig);
    for (;;) {
      const { rows } = await rig.database.query<{ count: number }>(
        `select count(*) from distributions where path_id > 0`,
      );
      if (rows[0]!.count > 0) break;
      await sleep(50);
    }
    const asked = Date.now();
    const cancelled = await rig.command('cancel', key, '--json');
    assert.equal(cancelled.exitCode, 0, cancelled.stderr);
    assert.ok(Date.now() - asked < 5_000 + 1_500, `confirmed after ${Date.now() - asked} ms`);
    assert.match((JSON.parse(cancelled.stdout) as { statement: string }).statement, /was cancelled: .* of /);
    await end;
    assert.deepEqual(rig.orphans(), []);
    await complete();
    assert.equal(await rig.forecastChecksum(), whole);
  });

  test('what cannot be right is refused in one line and leaves everything as it was', async () => {
    const cases: [string[], RegExp][] = [
      [['--commodity', 'SAMPEL', ...naive], /There are no prices of SAMPEL\. Did you mean "SAMPLE"\?/],
      [['--commodity', 'SAMPLE', '--models', 'xgbost'], /no model "xgbost"\. Did you mean "xgboost"\?/],
      [
        ['--commodity', 'SAMPLE', ...naive, '--start', '2024-07-06', '--end', '2024-07-07'],
        /no trading day from/,
      ],
      [
        ['--commodity', 'SAMPLE', ...naive, '--start', '2024-08-01', '--end', '2024-07-01'],
        /lies after --end/,
      ],
      [['--commodity', 'SAMPLE', ...naive, '--paths', '0'], /paths is 0/],
      [['--commodity', 'SAMPLE', ...naive, '--paths', '1e9'], /paths is 1000000000/],
      [['--commodity', 'SAMPLE', ...naive, '--horizon', '0'], /horizon is 0/],
    ];
    for (const [options, line] of cases) {
      const { exitCode, result, stderr } = await rig.begin('run', 'backfill', ...options).end;
      const said = result.error?.message ?? stderr;
      assert.notEqual(exitCode, 0);
      assert.match(said, line);
      assert.doesNotMatch(said, /\n\s+at /);
    }
    assert.equal(await rig.forecastChecksum(), whole);
  });

  test('dates before there is enough history are skipped with the reason', async () => {
    const { exitCode, result } = await rig.backfill(...naive, '--start', '2009-06-22', '--end', '2009-07-10')
      .end;
    assert.equal(exitCode, 0);
    assert.ok(result.counts!['skipped']! > 0 && result.counts!['complete']! > 0, JSON.stringify(result));
    assert.match(result.statement!, /too little history/);
  });

  test('a daily run that starts during a backfill hardly waits', async () => {
    await forgetForecasts(rig);
    const { end } = rig.backfill('--chunk', '3');
    await keyOfOpenRun(rig);
    // Too short for a model: what it waits for is the question.
    const folder = join(rig.stateFolder, 'panel');
    makePanel(folder, { pools: 6, days: 9, lastDay: '2026-03-30' });
    const daily = await rig.run('2026-03-31', '--dataset', 'files', '--path', folder).end;
    assert.equal(daily.result.status, 'complete', daily.stderr);
    const { rows } = await rig.database.query<{ waited: number }>(
      `select max(extract(epoch from started_at - submitted_at))::double precision as waited
         from batches where job like 'pool%'`,
    );
    assert.ok(rows[0]!.waited < 30, `a batch waited ${rows[0]!.waited} s`);
    assert.equal((await end).result.status, 'complete');
    assert.equal(await rig.forecastChecksum(), whole);
  });
});

async function keyOfOpenRun({ database }: BackfillRig): Promise<string> {
  for (;;) {
    const { rows } = await database.query<{ key: string }>(
      `select key from runs where kind = 'forecastBackfill' and status = 'running'`,
    );
    if (rows[0]) return rows[0].key;
    await sleep(50);
  }
}
