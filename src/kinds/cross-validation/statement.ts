import type { Database } from '../../database/pool.ts';
import type { Run, RunStatus } from '../../ledger/runs.ts';
import { readUnits } from '../../ledger/units.ts';
import { cvRequestOf, missingFits, readSelection } from './ledger.ts';

/** Missing fits that a statement names; the rest is counted. `why` has them all. */
const named = 3;

/** How a cross-validation ended, in one line: fits made of fits due, what was chosen, what is missing and why. */
export async function cvStatement(
  database: Database,
  run: Run,
  status: RunStatus,
  counts: Record<string, number>,
): Promise<string> {
  const { key, runId } = run;
  const verb =
    status === 'complete' ? 'is complete' : status === 'cancelled' ? 'was cancelled' : `is ${status}`;
  const phases = await readUnits(database, runId);
  const folds = phases.find(({ unit }) => unit === 'folds');
  if (folds?.verdict === 'failed') {
    return `${key} failed, its data could not be prepared: ${folds.reason ?? 'no reason noted'} Run: sevenfold why ${key}`;
  }
  const sentences = [`${key} ${verb}: ${counts['complete']} of ${counts['fits']} fits.`];
  const selection = await readSelection(database, runId);
  const missing = await missingFits(database, runId);
  const { failed = 0, unverified = 0 } = counts;
  if (unverified > 0) {
    sentences.push(
      `Stored beside them, for the next start to take up: ${unverified}; left: ${failed - unverified}.`,
    );
  } else if (missing.length > 0) {
    const left = missing
      .slice(0, named)
      .map(({ label, folds, verdict, reason }) => `${label} fold ${folds.join(', ')} ${reason ?? verdict}`);
    const more = missing.length > named ? [`${missing.length - named} more`] : [];
    sentences.push(`Left: ${[...left, ...more].join('; ')}.`);
    // A candidate that fails on every fold is out; the others are still compared.
    sentences.push(selection?.reason ?? 'No model is chosen while one lacks a fold.');
  } else if (selection) {
    sentences.push(selection.reason);
  }
  const data = await database.query(
    'select data_version from cv_data where data_version = $1 and is_synthetic',
    [cvRequestOf(run).dataVersion],
  );
  if (data.rowCount === 1) sentences.push('The data are generated: no figure is about the world.');
  if (status === 'complete') return sentences.join(' ');
  const broken = phases.find(
    ({ unit, verdict }) => verdict === 'failed' && unit !== 'fit' && unit !== 'select',
  );
  if (broken?.reason != null && missing.length === 0) sentences.push(`${broken.unit}: ${broken.reason}`);
  return [...sentences, `Run: sevenfold why ${key}`].join(' ');
}
