import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { folds, models, startSharedCvRig } from '../../support/cv-rig.ts';
import type { CvRig } from '../../support/cv-rig.ts';

describe('a cross-validation is complete by its rows, and by nothing else', () => {
  let rig: CvRig;
  let whole: string;

  async function complete(...options: string[]) {
    const { exitCode, result, stderr } = await rig.crossValidate(...options).end;
    assert.equal(exitCode, 0, `${stderr} ${JSON.stringify(result)}`);
    assert.equal(result.status, 'complete');
    return result;
  }

  const begun = async (): Promise<number> =>
    (
      await rig.database.query<{ sum: number }>(
        `select sum(attempt)::integer as sum from units where kind = 'fit'`,
      )
    ).rows[0]!.sum;

  before(async () => {
    rig = await startSharedCvRig();
    const result = await complete('--mode', 'pandas');
    assert.equal(result.counts!['fits'], models.length * folds);
    assert.equal(result.counts!['complete'], models.length * folds);
    whole = await rig.cvChecksum();
  });
  after(() => rig?.takeDown());

  test('a second start finds everything there and does nothing', async () => {
    const before = await begun();
    const result = await complete('--mode', 'pandas');
    assert.equal(result.alreadyComplete, true);
    assert.equal(await begun(), before);
    assert.equal(await rig.cvChecksum(), whole);
  });

  for (const [mode, ...how] of [['mp', '--n-jobs', '2'], ['spark_local']] as const) {
    test(`mode ${mode} gives the same figures, and the fits say what they took`, async () => {
      await rig.forgetFits(true);
      await complete('--mode', mode, ...how);
      assert.equal(await rig.cvChecksum(), whole);
      const { rows } = await rig.database.query<{ costs: number; mode: string }>(
        `select count(*)::integer as costs,
                (select request -> 'input' ->> 'mode' from batches where job = 'cv_fit'
                  order by submitted_at desc limit 1) as mode
           from cv_fits where cpu_seconds > 0 and peak_mb > 50 and seconds > 0`,
      );
      assert.deepEqual(rows[0], { costs: models.length * folds, mode: mode.replace('_local', '') });
    });
  }

  test('the winner is refitted on all rows, and its files and figures are where the page says', async () => {
    const { rows } = await rig.database.query<{ refit: { root: string; predictions: string } }>(
      'select refit from cv_selections',
    );
    const { root, predictions } = rows[0]!.refit;
    const [header, first] = readFileSync(join(root, predictions), 'utf8').split('\n');
    assert.match(header!, /expected_survival/);
    assert.match(header!, /survival_prob_12/);
    assert.equal(first!.split(',').length, header!.split(',').length);
    const metrics = readFileSync(join(root, 'artifacts/model_metrics.csv'), 'utf8').trim().split('\n');
    assert.equal(metrics.length, 1 + models.length * folds);
  });

  test('a run of fewer models finds its fits made, those of more only the new ones', async () => {
    const before = await begun();
    await complete('--models', 'cox_ph', 'gbsa');
    assert.equal(await begun(), before, 'nothing was fitted again');
    await complete('--models', 'cox_ph', 'gbsa', 'xgb_cox');
    assert.equal(await begun(), before + folds);
  });

  test('rows that were deleted are fitted again, and only those', async () => {
    await rig.database.query(`delete from cv_fits where model = 'coxnet' and fold = 2`);
    const before = await begun();
    await complete();
    assert.equal(await begun(), before + 1);
    await rig.database.query(`delete from runs where key like 'cv/%' and not input -> 'models' ? 'coxnet'`);
    assert.equal(await rig.cvChecksum(), whole);
  });

  test('folds and fits whose files are gone are made again', async () => {
    const { rows } = await rig.database.query<{ root: string; arrays: string }>(
      `select object_root as root, arrays from cv_data join cv_fits using (data_version) where model = 'gbsa' and fold = 1`,
    );
    const { root, arrays } = rows[0]!;
    rmSync(join(root, 'fold_3'), { recursive: true });
    rmSync(arrays, { recursive: true });
    const before = await begun();
    await complete();
    assert.ok(existsSync(join(root, 'fold_3')) && existsSync(join(arrays, 'surv.npy')));
    assert.equal(await begun(), before + 1);
    assert.equal(await rig.cvChecksum(), whole);
  });

  test('a fit that the database refuses is set apart; nothing is chosen until a retry has made it', async () => {
    await rig.forgetFits();
    await rig.database.query(
      `create function refuse_fit() returns trigger language plpgsql as $$
         begin raise exception 'fold 2 of gbsa is not welcome'; end $$`,
    );
    await rig.database.query(
      `create trigger refuse before insert on cv_fits for each row
         when (new.model = 'gbsa' and new.fold = 2) execute function refuse_fit()`,
    );
    const { exitCode, result } = await rig.crossValidate().end;
    assert.equal(exitCode, 1);
    assert.equal(result.status, 'partial');
    assert.equal(result.counts!['complete'], models.length * folds - 1);
    assert.match(result.statement!, /gbsa fold 2 .*not welcome/);
    const chosen = await rig.database.query('select 1 from cv_selections');
    assert.equal(chosen.rowCount, 0);
    const why = await rig.command('why', result.key!);
    assert.match(why.stdout, /gbsa fold 2 quarantined/);
    assert.match(why.stdout, /gbsa lacks fold 2/);

    await rig.database.query('drop trigger refuse on cv_fits');
    const retried = await rig.begin('retry', result.key!).end;
    assert.equal(retried.exitCode, 0, `${retried.stderr} ${JSON.stringify(retried.result)}`);
    assert.equal(await rig.cvChecksum(), whole);
  });

  test('what is wrong with the request or the data is said in one line, and nothing is written', async () => {
    const runs = async () => (await rig.database.query('select 1 from runs')).rowCount;
    const before = await runs();
    for (const [options, line] of [
      [['--dataset', 'nothing'], /^There is no data set "nothing"/],
      [['--models', 'gbas'], /^There is no model "gbas"\. Did you mean "gbsa"\?/],
      [['--params', 'gbsa.tree=3'], /^Model gbsa has no parameter "tree"\. Did you mean "trees"\?/],
      [['--mode', 'spark_cluster'], /^Mode spark_cluster needs a cluster/],
    ] as const) {
      const { exitCode, result } = await rig.crossValidate(...options).end;
      assert.equal(exitCode, 2, JSON.stringify(result));
      assert.match(result.error!.message, line);
    }
    assert.equal(await runs(), before);
  });

  test('nothing is left running', () => assert.deepEqual(rig.orphans(), []));
});
