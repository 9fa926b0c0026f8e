import type { Database } from '../../database/pool.ts';
import type { Run, RunStatus } from '../../ledger/runs.ts';
import { readUnits } from '../../ledger/units.ts';
import { missingFits, readRefit, readSelection, trainingRequestOf } from './ledger.ts';
import { verdictSentence } from './outcome.ts';

/** Models that a statement names as unfinished; the rest is counted. `why` has them all. */
const named = 3;

/** What a training ended with, in one line: fits made of fits due, what was chosen, how good it is on unseen rows. */
export async function trainingStatement(
  database: Database,
  run: Run,
  status: RunStatus,
  counts: Record<string, number>,
): Promise<string> {
  const { key, runId } = run;
  const verb =
    status === 'complete' ? 'is complete' : status === 'cancelled' ? 'was cancelled' : `is ${status}`;
  const phases = await readUnits(database, runId);
  const broken = phases.find(({ verdict, unit }) => verdict === 'failed' && unit !== 'fit');
  if (broken?.unit === 'profile' || broken?.unit === 'split') {
    return `${key} failed, its data could not be prepared: ${broken.reason ?? 'no reason noted'} Run: sevenfold why ${key}`;
  }
  const refused = await database.query(
    `select from units where run_id = $1 and kind = 'fit' and failure_type = 'InvalidInput' limit 1`,
    [runId],
  );
  const fitting = phases.find(({ verdict, unit }) => verdict === 'failed' && unit === 'fit');
  if (fitting?.reason != null && (refused.rowCount === 1 || counts['fits'] === 0)) {
    return `${key} failed, its fits cannot be as they were asked for: ${fitting.reason} Run: sevenfold why ${key}`;
  }
  const sentences = [`${key} ${verb}: ${counts['complete']} of ${counts['fits']} fits.`];
  if ((counts['refused'] ?? 0) > 0) {
    sentences.push(`Their libraries refused ${counts['refused']}, which count as failed trials.`);
  }
  const missing = await missingFits(database, runId);
  if (missing.length > 0) {
    const left = missing
      .slice(0, named)
      .map(({ model, fits, verdict, reason }) => `${fits} of ${model} ${reason ?? verdict}`);
    sentences.push(`Left: ${left.join('; ')}${missing.length > named ? '; and more' : ''}.`);
  }
  const selection = await readSelection(database, runId);
  if (selection !== undefined) sentences.push(selection.reason);
  const refit = await readRefit(database, runId);
  if (refit !== undefined) sentences.push(`Model ${refit.modelId}.`);
  const verdict = await verdictSentence(database, runId);
  if (verdict !== undefined) sentences.push(verdict);
  const data = await database.query(
    'select data_version from training_data where data_version = $1 and is_synthetic',
    [trainingRequestOf(run).dataVersion],
  );
  if (data.rowCount === 1) sentences.push('The data are generated: no figure is about the world.');
  if (status === 'complete') return sentences.join(' ');
  if (broken?.reason != null) sentences.push(`${broken.unit}: ${broken.reason}`);
  return [...sentences, `Run: sevenfold why ${key}`].join(' ');
}
