import type { Dependencies } from '../../activities/dependencies.ts';
import { inTransaction } from '../../database/pool.ts';
import { Failure } from '../../failures.ts';
import { readRun } from '../../ledger/runs.ts';
import { passFence } from '../../ledger/units.ts';
import type { Fence } from '../../ledger/units.ts';
import { criterionOf } from './candidates.ts';
import { cautionWords, heldOutWords, orderOf, outWords, reasonOf, refusalOf } from './choice.ts';
import * as cv from './ledger.ts';
import { leaderboard, selectSimplest } from './planning/selection.ts';
import { outOfTheRunning, readTestShare } from './running.ts';

/**
 * Chooses among the models of a run. Safe to repeat: the same fits give the same choice. A model that fails on every fold
 * for a reason of its own is out of the running; refuses, naming them, while any other lacks a fold.
 */
export async function selectModel(
  { database }: Dependencies,
  { fence }: { fence: Fence },
): Promise<{ label: string }> {
  const run = await readRun(database, fence.runId);
  const request = cv.cvRequestOf(run);
  const out = await outOfTheRunning(database, run.runId);
  const labelsOut = out.map(({ label }) => label);
  const missing = await cv.missingFits(database, run.runId);
  const lacking = missing.filter(({ label }) => !labelsOut.includes(label));
  const candidates = request.models.filter(({ label }) => !labelsOut.includes(label));
  if (lacking.length > 0 || candidates.length === 0) {
    // What was chosen from other fits must not stay next to a refusal.
    await database.query('delete from cv_selections where run_id = $1', [run.runId]);
    throw new Failure('CheckFailed', refusalOf(lacking.length > 0 ? lacking : missing, run.key));
  }
  const fits = (await cv.readStoredFits(database, run)).filter(({ label }) => !labelsOut.includes(label));
  const { higherIsBetter } = criterionOf(request.task);
  const { splitter } = await cv.readSettings(database, request.dataVersion);
  const all = cv.foldNumbers(request);
  // Time series: keep the newest fold out of the choice, so that its figure for the winner is honest.
  const heldOut = splitter === 'timeSeries' && all.length > 2 ? all.at(-1) : undefined;
  const folds = all.filter((fold) => fold !== heldOut);
  const compared = { ...request, models: candidates };
  const order = orderOf(compared, fits);
  const testShare = await readTestShare(database, request.dataVersion, folds);
  const board = leaderboard(fits, { metric: request.metric, higherIsBetter, order, folds, testShare });
  const { chosen, best } = selectSimplest(board, order);
  const words = [
    reasonOf(compared, { chosen, best, simplest: order[0]!, folds: folds.length }),
    heldOutWords(fits, chosen, heldOut, request.metric),
    cautionWords(fits, chosen),
    outWords(out),
  ];
  const reason = words.filter((word) => word !== '').join(' ');
  await inTransaction(database, async (client) => {
    await client.query(
      `insert into cv_selections (run_id, model, params_hash, metric, leaderboard, reason)
       values ($1, $2, $3, $4, $5, $6)
       on conflict (run_id) do update
          set model = excluded.model, params_hash = excluded.params_hash, metric = excluded.metric,
              leaderboard = excluded.leaderboard, reason = excluded.reason, selected_at = now(),
              refit = case when cv_selections.params_hash = excluded.params_hash then cv_selections.refit end`,
      [run.runId, chosen.model, chosen.paramsHash, request.metric, JSON.stringify(board), reason],
    );
    await passFence(client, fence, { rowsDue: 1, detail: { chosen: chosen.label } });
  });
  return { label: chosen.label };
}
