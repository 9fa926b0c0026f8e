import { existsSync } from 'node:fs';
import { resultVersion } from '../../ledger/result-versions.ts';
import type { Check } from '../../ledger/checks.ts';
import type { Run } from '../../ledger/runs.ts';
import { count } from '../../pages/format.ts';
import { backfillPriority } from '../../planning/priorities.ts';
import { hash } from '../digest.ts';
import type { Kind, Phase, World } from '../kind.ts';
import { phasesByName } from '../phase.ts';
import { refusalOf } from '../start.ts';
import { phaseStatement } from '../statement.ts';
import { parseScoringInput } from './input.ts';
import type { ScoringInput } from './input.ts';
import { scoringKey } from './key.ts';
import { readScorings, scoringKind, scoringRequestOf } from './ledger.ts';
import type { ScoringPhase } from './phases.ts';
import { driftOfChance, muchDrift } from '../../planning/drift.ts';

const phases: Record<ScoringPhase, Phase> = {
  score: {
    reads: async (_, run) => hash([scoringRequestOf(run), resultVersion('training_score')], 32),
    whole: verifyScores,
  },
};

/** Every file has its predictions, one row a row. */
async function verifyScores({ database }: World, run: Run): Promise<Check[]> {
  const { files } = scoringRequestOf(run);
  const done = await readScorings(database, run);
  const there = new Set(
    done.flatMap(({ inputSha256, output }) =>
      output.startsWith('/') && !existsSync(output) ? [] : [inputSha256],
    ),
  );
  const found = files.filter(({ sha256 }) => there.has(sha256)).length;
  return [
    {
      name: 'rows',
      severity: 'block',
      passed: found === files.length,
      observed: String(found),
      expected: String(files.length),
      message: 'files with their predictions',
    },
  ];
}

/** A stored model applied to rows: rows out are rows in. */
export const scoring: Kind = {
  name: scoringKind,
  title: 'scoring',
  priority: backfillPriority,
  refusal: (input) => refusalOf(parseScoringInput(input)),
  takesDataset: false,
  scheduledKey: (input) => scoringKey(input as unknown as ScoringInput),
  isSample: () => false,
  phase: phasesByName(phases),
  counts: async (database, run) => {
    const scored = await readScorings(database, run);
    const { files } = scoringRequestOf(run);
    const due = new Set(files.map(({ sha256 }) => sha256));
    const mine = scored.filter(({ inputSha256 }) => due.has(inputSha256));
    return {
      files: files.length,
      scored: new Set(mine.map(({ inputSha256 }) => inputSha256)).size,
      rows: mine.reduce((sum, { rows }) => sum + rows, 0),
    };
  },
  statement: async (_, run, ending) =>
    phaseStatement(
      run,
      ending,
      `${count(ending.counts['rows'] ?? 0)} rows of ${count(ending.counts['scored'] ?? 0)} files scored`,
    ),
  finish: async (database, run, { rows = 0, scored = 0 }) => {
    const done = await readScorings(database, run);
    const due = new Set(scoringRequestOf(run).files.map(({ sha256 }) => sha256));
    return {
      figures: [`${count(rows)} rows of ${count(scored)} ${scored === 1 ? 'file' : 'files'} scored`],
      remarks: done.filter(({ inputSha256 }) => due.has(inputSha256)).flatMap(remarksOf),
    };
  },
};

function remarksOf({
  output,
  rows,
  unseen,
  drift,
  extraColumns,
}: Awaited<ReturnType<typeof readScorings>>[number]): string[] {
  const levels = Object.entries(unseen).map(([column, rows]) => `${column} in ${count(rows)} rows`);
  const drifted = Object.entries(drift)
    .filter(([, psi]) => psi >= Math.max(muchDrift, driftOfChance(rows)))
    .map(([column, psi]) => `${column} (PSI ${psi.toFixed(2)})`);
  return [
    output,
    ...(levels.length > 0 ? [`  levels that training had not seen: ${levels.join(', ')}`] : []),
    ...(drifted.length > 0 ? [`  distributed otherwise than in training: ${drifted.join(', ')}`] : []),
    ...(extraColumns.length > 0 ? [`  not used: ${extraColumns.join(', ')}`] : []),
  ];
}
