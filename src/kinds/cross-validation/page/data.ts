/** Everything that the page of a cross-validation shows; curves are read of the few candidates that are drawn. */
import type { Database } from '../../../database/pool.ts';
import { readFallbacks } from '../../../ledger/batch-record.ts';
import { readChecks } from '../../../ledger/checks.ts';
import { readRun } from '../../../ledger/runs.ts';
import type { Run } from '../../../ledger/runs.ts';
import type { Verdict } from '../../../ledger/units.ts';
import { readBatchTroubles, readJobCosts } from '../../../pages/batches.ts';
import { queriesBeside } from '../../../pages/sql.ts';
import { readNewestPlan } from '../ledger.ts';
import type { Candidate } from '../planning/selection.ts';
import { boardOf, heldOutOf } from './board.ts';
import type {
  CvReport,
  CvRequest,
  CvModel,
  CvData,
  Sample,
  CvFold,
  Fit,
  Selection,
  FitDetail,
  Horizon,
  OpenFit,
} from './content.ts';
import { measures } from './measures.ts';
import type { Task } from './measures.ts';
import {
  textOr,
  textOrNull,
  numberOrNull,
  listOf,
  recordOf,
  countsOf,
  numbersOf,
  rangeOf,
} from './values.ts';

const readSql = queriesBeside(import.meta.url);

const sql = {
  fits: readSql('fits'),
  curves: readSql('curves'),
  stages: readSql('stages'),
  open: readSql('open-fits'),
};

/** Candidates whose curves are drawn in one chart: more could not be told apart. */
export const mostCurves = 8;
const mostOpen = 200;

/** Reads a cross-validation by its run's id; only reads. Throws `InvalidInput` where the ledger has no such run. */
export async function loadCvReport(database: Database, runId: string): Promise<CvReport> {
  const run = await readRun(database, runId);
  const request = requestOf(run);
  const [data, folds, rows, chosen, phases, units, open, checks, stages, plan, cost, troubles, fallbacks] =
    await Promise.all([
      readData(database, request.dataVersion, runId),
      readFolds(database, request.dataVersion, runId),
      database.query<Omit<Fit, 'label'>>(sql.fits, [runId]),
      readSelection(database, runId),
      database.query<CvReport['phases'][number]>(
        `select unit, verdict, reason, started_at as "startedAt" from units
          where run_id = $1 and kind <> 'fit' order by position, unit`,
        [runId],
      ),
      database.query<{ label: string | null; fold: number; verdict: Verdict }>(
        `select model_version as label, position as fold, verdict from units
          where run_id = $1 and kind = 'fit' order by unit`,
        [runId],
      ),
      database.query<OpenFit & { all: number }>(sql.open, [runId, mostOpen]),
      readChecks(database, runId),
      database.query<CvReport['stages'][number]>(sql.stages, [runId]),
      readNewestPlan(database, runId),
      readJobCosts(database, runId),
      readBatchTroubles(database, runId),
      readFallbacks(database, runId),
    ]);
  const labels = labelsOf(request.models);
  const fits = rows.rows
    .map((fit): Fit => ({ label: labels(fit), ...fit }))
    .sort((a, b) => positionOf(request, a) - positionOf(request, b));
  const metric = chosen?.metric ?? request.metric;
  const splitter = textOr(data?.settings['splitter'], request.splitter);
  const asked = { ...request, metric, splitter };
  // What was decided is shown as it was decided; until then it is reckoned from what is there.
  const board = chosen?.leaderboard ?? boardOf(fits, asked, folds);
  const selection = chosen && { ...chosen, label: labels(chosen) };
  const shown = (selection && board.find(({ label }) => label === selection.label)) ?? board[0] ?? null;
  const drawn = new Set(board.slice(0, mostCurves).map(keyOf));
  if (request.task !== 'survival') drawn.clear();
  if (shown !== null) drawn.add(keyOf(shown));
  const details = await database.query<{ model: string; paramsHash: string; fold: number; detail: unknown }>(
    sql.curves,
    [runId, [...drawn], shown === null ? '' : keyOf(shown)],
  );
  return {
    run,
    request: asked,
    heldOut: heldOutOf(asked),
    data,
    folds,
    fits,
    board,
    selection,
    shown,
    details: details.rows.map((row) => detailOf(labels(row), row.fold, row.detail)),
    phases: phases.rows,
    verdicts: tallied(units.rows),
    open: {
      fits: open.rows,
      all: open.rows[0]?.all ?? 0,
      byLabel: lackingOf(units.rows, request),
    },
    checks,
    stages: stages.rows,
    plan: plan ?? null,
    cost,
    troubles: { rows: troubles, all: troubles[0]?.all ?? 0 },
    fallbacks,
  };
}

const keyOf = ({ model, paramsHash }: { model: string; paramsHash: string }) => `${model}/${paramsHash}`;

function labelsOf(models: readonly CvModel[]) {
  const labels = new Map(models.map((each) => [keyOf(each), each.label]));
  return (of: { model: string; paramsHash: string }): string => labels.get(keyOf(of)) ?? keyOf(of);
}

function positionOf({ models }: CvRequest, { label, fold }: Fit): number {
  const index = models.findIndex((model) => model.label === label);
  return (index < 0 ? models.length : index) * 1_000 + fold;
}

function tallied(units: readonly { verdict: Verdict }[]): CvReport['verdicts'] {
  const tally: CvReport['verdicts'] = {};
  for (const { verdict } of units) tally[verdict] = (tally[verdict] ?? 0) + 1;
  return tally;
}

/** Candidates that lack a fold, in the order asked for. */
function lackingOf(
  units: readonly { label: string | null; fold: number; verdict: Verdict }[],
  { models }: CvRequest,
): CvReport['open']['byLabel'] {
  const lacking = new Map<string, number[]>();
  for (const { label, fold, verdict } of units) {
    if (verdict !== 'complete' && label !== null) lacking.set(label, [...(lacking.get(label) ?? []), fold]);
  }
  const place = (label: string) => models.findIndex((model) => model.label === label);
  return [...lacking]
    .map(([label, folds]) => ({ label, folds: folds.sort((a, b) => a - b) }))
    .sort((a, b) => place(a.label) - place(b.label));
}

function requestOf(run: Run): CvRequest {
  const whole = { ...run.input, ...run.request };
  const task = textOr(whole['task'], 'survival');
  const known = task in measures ? (task as Task) : 'survival';
  return {
    dataVersion: textOrNull(whole['dataVersion']),
    name: textOr(whole['name'], run.dataset),
    source: textOr(whole['source'], textOr(whole['dataset'], run.dataset)),
    sourceSha256: textOrNull(whole['sourceSha256']),
    task: known,
    runType: textOr(whole['runType'], ''),
    parity: whole['parity'] === true,
    metric: textOr(whole['metric'], measures[known][0]!.key),
    folds: numberOrNull(whole['folds']) ?? 0,
    splitter: textOr(whole['splitter'], ''),
    seed: numberOrNull(whole['seed']),
    threads: numberOrNull(whole['threads']),
    models: listOf(whole['models']).flatMap((each): CvModel[] => {
      const { label, model, params, paramsHash } = recordOf(each);
      return typeof model !== 'string'
        ? []
        : [
            {
              label: textOr(label, model),
              model,
              params: recordOf(params),
              paramsHash: textOr(paramsHash, ''),
            },
          ];
    }),
    settings: recordOf(whole['settings']),
  };
}

/** From the request; where it does not name its data, from the run's fits. */
const dataVersion = `coalesce($1, (select data_version from cv_fits where run_id = $2 limit 1))`;

interface DataRow {
  dataVersion: string;
  synthetic: boolean;
  rows: number;
  dropped: unknown;
  features: unknown;
  leftOut: unknown;
  warnings: unknown;
  summary: unknown;
  hazards: unknown;
  settings: unknown;
  membershipSha256: string;
  versions: unknown;
  resultVersion: number;
  objectRoot: string;
  seconds: number;
  preparedAt: Date;
}

async function readData(database: Database, version: string | null, runId: string): Promise<CvData | null> {
  const { rows } = await database.query<DataRow>(
    `select data_version as "dataVersion", is_synthetic as synthetic, rows, dropped, features, left_out as "leftOut",
            warnings, summary, hazards, settings, membership_sha256 as "membershipSha256", versions,
            result_version as "resultVersion", object_root as "objectRoot", seconds, prepared_at as "preparedAt"
       from cv_data where data_version = ${dataVersion}`,
    [version, runId],
  );
  const row = rows[0];
  if (row === undefined) return null;
  const summary = recordOf(row.summary);
  return {
    ...row,
    dropped: countsOf(row.dropped).filter(([, dropped]) => dropped > 0),
    features: listOf(row.features).map((each) => {
      const { name, kind, levels, missing } = recordOf(each);
      return {
        name: textOr(name, ''),
        kind: textOr(kind, ''),
        levels: Array.isArray(levels) ? levels.length : numberOrNull(levels),
        missing: numberOrNull(missing) ?? 0,
      };
    }),
    leftOut: listOf(row.leftOut).map((each) => {
      const { name, reason } = recordOf(each);
      return { name: textOr(name, ''), reason: textOr(reason, '') };
    }),
    warnings: listOf(row.warnings).filter((each) => typeof each === 'string'),
    events: numberOrNull(summary['events']),
    strata: listOf(summary['strata']).map((each) => {
      const stratum = recordOf(each);
      return {
        stratum: textOr(stratum['stratum'], ''),
        rows: numberOrNull(stratum['rows']) ?? 0,
        events: numberOrNull(stratum['events']) ?? 0,
        medianTime: numberOrNull(stratum['medianTime']),
      };
    }),
    classes: countsOf(summary['classes']),
    target: targetOf(summary['target']),
    samples: listOf(summary['samples']).flatMap((each): Sample[] => {
      const sample = recordOf(each);
      const values = numbersOf(sample['values']);
      return values.every((value) => value === null)
        ? []
        : [{ name: textOr(sample['name'], ''), component: textOrNull(sample['component']), values }];
    }),
    hazards:
      row.hazards === null
        ? null
        : listOf(row.hazards).map((each) => {
            const { column, chi2, p, pHolm, flagged } = recordOf(each);
            return {
              column: textOr(column, ''),
              chi2: numberOrNull(chi2),
              p: numberOrNull(p),
              pHolm: numberOrNull(pHolm),
              flagged: flagged === true,
            };
          }),
    settings: recordOf(row.settings),
    versions: recordOf(row.versions),
  };
}

async function readFolds(database: Database, version: string | null, runId: string): Promise<CvFold[]> {
  const { rows } = await database.query<
    Omit<CvFold, 'train' | 'test' | 'tau' | 'classes'> & { detail: unknown }
  >(
    `select fold, train_rows as "trainRows", test_rows as "testRows", train_events as "trainEvents",
            test_events as "testEvents", columns, detail
       from cv_folds where data_version = ${dataVersion} order by fold`,
    [version, runId],
  );
  return rows.map(({ detail, ...fold }) => {
    const { train, test, tau, classes } = recordOf(detail);
    return {
      ...fold,
      train: rangeOf(train),
      test: rangeOf(test),
      tau: numberOrNull(tau),
      classes: countsOf(recordOf(classes)['test'] ?? classes),
    };
  });
}

async function readSelection(
  database: Database,
  runId: string,
): Promise<(Omit<Selection, 'label'> & { leaderboard: Candidate[] }) | null> {
  const { rows } = await database.query<Omit<Selection, 'label'> & { leaderboard: Candidate[] }>(
    `select model, params_hash as "paramsHash", metric, leaderboard, reason, selected_at as "selectedAt", refit
       from cv_selections where run_id = $1`,
    [runId],
  );
  return rows[0] ?? null;
}

function targetOf(value: unknown): CvData['target'] {
  const [mean, deviation, min, max] = ['mean', 'deviation', 'min', 'max'].map((name) =>
    numberOrNull(recordOf(value)[name]),
  );
  return mean == null || deviation == null || min == null || max == null
    ? null
    : { mean, deviation, min, max };
}

function detailOf(label: string, fold: number, whole: unknown): FitDetail {
  const detail = recordOf(whole);
  return {
    label,
    fold,
    grid: numbersOf(detail['grid']).map((value) => value ?? NaN),
    tau: numberOrNull(detail['tau']),
    auc: numbersOf(detail['auc']),
    brier: numbersOf(detail['brier']),
    km: numbersOf(detail['km']),
    meanSurvival: numbersOf(detail['mean_survival']),
    horizons: listOf(detail['horizons']).flatMap((each): Horizon[] => {
      const horizon = recordOf(each);
      const t = numberOrNull(horizon['t']);
      return t === null
        ? []
        : [
            {
              t,
              brier: numberOrNull(horizon['brier']),
              auc: numberOrNull(horizon['auc']),
              predicted: numberOrNull(horizon['predicted']),
              observed: numberOrNull(horizon['observed']),
              calibration: listOf(horizon['calibration']).map((group) => {
                const { rows, predicted, observed } = recordOf(group);
                return {
                  rows: numberOrNull(rows) ?? 0,
                  predicted: numberOrNull(predicted),
                  observed: numberOrNull(observed),
                };
              }),
            },
          ];
    }),
    strata: listOf(detail['strata']).map((each) => {
      const stratum = recordOf(each);
      return {
        stratum: textOr(stratum['stratum'], ''),
        rows: numberOrNull(stratum['rows']) ?? 0,
        events: numberOrNull(stratum['events']) ?? 0,
        cindexTau: numberOrNull(stratum['cindex_tau']),
        ibs: numberOrNull(stratum['ibs']),
        meanSurvival: numbersOf(stratum['mean_survival']),
        km: numbersOf(stratum['km']),
      };
    }),
    report: Object.entries(recordOf(detail['classification_report'])).map(([name, each]) => {
      const { precision, recall, f1, rows } = recordOf(each);
      return {
        name,
        precision: numberOrNull(precision),
        recall: numberOrNull(recall),
        f1: numberOrNull(f1),
        rows: numberOrNull(rows) ?? 0,
      };
    }),
  };
}

// What jobs wrote as JSON is read without trust: what is not as expected is not there.
