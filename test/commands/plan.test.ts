import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { Command } from 'commander';
import type { CommandContext } from '../../src/commands/context.ts';
import { register as registerEvaluate } from '../../src/commands/evaluate.ts';
import { register as registerPlan } from '../../src/commands/plan.ts';
import { readConfig } from '../../src/config.ts';
import { openDatabase } from '../../src/database/pool.ts';
import type { Database } from '../../src/database/pool.ts';
import { seedPlannedWorld } from '../support/planned-world.ts';
import { testDatabase } from '../support/postgres.ts';

interface Commands {
  database: Database;
  /** Runs a command against the database and answers what it wrote. */
  sevenfold: (line: string) => Promise<{ lines: string[]; json: Record<string, unknown> }>;
}

async function commandsOn(t: TestContext): Promise<Commands> {
  const databaseUrl = await testDatabase(t);
  const database = openDatabase(databaseUrl, 'test');
  t.after(() => database.end());
  const stateFolder = mkdtempSync(join(tmpdir(), 'sevenfold-plan-'));
  t.after(() => rmSync(stateFolder, { recursive: true }));
  const config = {
    ...readConfig({}),
    ...{ databaseUrl, stateFolder, sparkCores: 2 },
    // Never asked: these commands need the database alone.
    ...{ temporalAddress: '127.0.0.1:1', sparkSocket: join(stateFolder, 'none') },
  };
  return {
    database,
    sevenfold: async (line) => {
      const lines: string[] = [];
      let json: Record<string, unknown> = {};
      const out: CommandContext['out'] = {
        isTerminal: false,
        line: (text = '') => void lines.push(text),
        live() {},
        settle() {},
        json: (value) => void (json = JSON.parse(JSON.stringify(value)) as Record<string, unknown>),
      };
      const program = new Command().exitOverride();
      for (const register of [registerPlan, registerEvaluate]) register(program, { config, out });
      await program.parseAsync(line.split(' '), { from: 'user' });
      return { lines, json };
    },
  };
}

const asked = '--commodity WTI --models naive xgboost --start 2019-06-03 --end 2019-08-23';

test('plan backfill', async (t) => {
  const { database, sevenfold } = await commandsOn(t);

  await t.test('without prices it says what to do', () =>
    assert.rejects(sevenfold(`plan backfill ${asked}`), /no prices of WTI yet.*import prices/),
  );
  await seedPlannedWorld(database);

  await t.test('with the usual options everything is to do', async () => {
    const { json } = await sevenfold(`plan backfill ${asked} --paths 2000 --json`);
    assert.equal(json['rows'], 2 * 60 * 2_000);
    assert.match(String(json['token']), /^[0-9a-f]{12}$/);
    const { neededBytes, freeBytes } = json['disk'] as Record<string, number | null>;
    assert.ok(neededBytes! > (json['bytes'] as number), 'and the log');
    assert.equal(freeBytes, null, 'this database is not the embedded one');
    assert.equal((json['sizings'] as unknown[]).length, 7);
  });

  await t.test('the page of lines names everything, and a start that can be copied', async () => {
    const { lines } = await sevenfold(`plan backfill ${asked} --redo changed`);
    const text = lines.join('\n');
    for (const part of [
      'batches',
      'rows',
      'time',
      'cost',
      'disk',
      'cores',
      'recommended',
      'naive',
      'xgboost',
    ])
      assert.match(text, new RegExp(`^.*${part}`, 'm'));
    assert.match(text, /which is usual|measured in the newest/);
    assert.match(
      lines.at(-1)!,
      /run backfill --commodity WTI --start 2019-06-03 --end 2019-08-23 --redo changed --models naive xgboost --plan [0-9a-f]{12}$/,
    );
  });

  await t.test('a token given is looked at: it holds, or says what has changed', async () => {
    const first = await sevenfold(`plan backfill ${asked} --json`);
    const token = String(first.json['token']);
    const same = await sevenfold(`plan backfill ${asked} --plan ${token} --json`);
    assert.deepEqual(same.json['plan'], { token, difference: null });
    assert.equal(same.json['token'], token);
    await database.query(
      `insert into prices select commodity, date, date + 1, true, close + 1 from prices where date = '2019-07-10'`,
    );
    const { lines } = await sevenfold(`plan backfill ${asked} --plan ${token}`);
    assert.match(lines.join('\n'), new RegExp(`plan ${token} does not hold: prices were revised`));
  });

  await t.test('too little history is reported', async () => {
    const { lines } = await sevenfold(
      'plan backfill --commodity WTI --models naive --start 2015-06-01 --end 2018-01-31',
    );
    assert.match(lines.join('\n'), /too little history: \d+ windows, \d+ dates are skipped/);
  });

  const refusals: [string, RegExp][] = [
    ['--commodity WTI --models xgbost', /no model "xgbost".*xgboost/],
    ['--commodity WTX --models naive', /no prices of WTX.*WTI/],
    ['--commodity WTI --models naive --start 2020-01-02 --end 2019-01-02', /lies after --end/],
    ['--commodity WTI --models naive --start 2019-06-08 --end 2019-06-09', /no trading day/],
    ['--commodity WTI --models naive --paths 0', /paths is 0/],
    ['--commodity WTI --models naive --paths many', /paths is "many"/],
    ['--commodity WTI --models naive --horizon 15', /horizon is 15/],
    ['--commodity WTI --models naive --chunk none', /chunk is "none"/],
  ];
  for (const [options, message] of refusals) {
    await t.test(`refused: ${options}`, () =>
      assert.rejects(sevenfold(`plan backfill ${options}`), (error: Error) => {
        assert.equal(error.name, 'InvalidInput');
        assert.match(error.message, message);
        assert.ok(!error.message.includes('\n'), 'one line');
        return true;
      }),
    );
  }
});

test('evaluate forecasts', async (t) => {
  const { database, sevenfold } = await commandsOn(t);
  await t.test('without any evaluation it says what to run', () =>
    assert.rejects(sevenfold('evaluate forecasts --commodity WTI --models xgboost'), {
      name: 'InvalidInput',
      message: /No such forecasts.*run backfill --commodity WTI --models xgboost/,
    }),
  );
  const { start, end } = await seedPlannedWorld(database);

  await t.test('the table has every model and horizon, and skill against naive', async () => {
    const { lines } = await sevenfold('evaluate forecasts --commodity wti');
    assert.match(lines[0]!, new RegExp(`^WTI ${start}\\.\\.${end}, evaluated `));
    assert.match(lines[1]!, /skill MAE +skill CRPS/);
    const rows = lines.slice(2, 8).map((line) => line.split(/\s+/).slice(0, 2).join(' '));
    assert.deepEqual(rows.sort(), ['naive 1', 'naive 14', 'naive 7', 'xgboost 1', 'xgboost 14', 'xgboost 7']);
    assert.match(
      lines.find((line) => line.startsWith('xgboost'))!,
      /[+-]\d+\.\d\d %/,
    );
  });

  await t.test('of several ranges the newest is shown, another when asked for', async () => {
    await database.query(
      `insert into forecast_evaluation (commodity, model_version, start_date, end_date, horizon, forecasts, days, mae, mae_alert, evaluated_at)
       values ('WTI', 'xgboost', '2019-06-03', '2019-06-28', 1, 20, 20, 9.5, true, now() + interval '1 hour')`,
    );
    const newest = await sevenfold('evaluate forecasts --commodity WTI --models xgboost --json');
    const scores = newest.json['scores'] as Record<string, unknown>[];
    assert.deepEqual(
      scores.map(({ end: last, horizon, mae, skillMae }) => [last, horizon, mae, skillMae]),
      [['2019-06-28', 1, 9.5, null]],
    );
    const { lines } = await sevenfold('evaluate forecasts --commodity WTI --models xgboost');
    assert.match(lines.join('\n'), /ALERT the newest errors of xgboost over 1 days/);
    const other = await sevenfold(`evaluate forecasts --commodity WTI --models xgboost --end ${end} --json`);
    assert.equal((other.json['scores'] as unknown[]).length, 3);
  });

  await t.test('a model that was not evaluated is named, with what to run', async () => {
    const { lines } = await sevenfold('evaluate forecasts --commodity WTI --models xgboost,sarimax');
    assert.match(
      lines.at(-1)!,
      /^Not evaluated: sarimax\. Run: npx sevenfold run backfill .*--models sarimax/,
    );
  });

  await t.test('a commodity nobody evaluated is answered with the nearest', () =>
    assert.rejects(sevenfold('evaluate forecasts --commodity WTY'), /Did you mean WTI|WTI/),
  );

  await t.test('a day that is none is refused', () =>
    assert.rejects(sevenfold('evaluate forecasts --commodity WTI --start 2019-6-3'), /--start is "2019-6-3"/),
  );
});
