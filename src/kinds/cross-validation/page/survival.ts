/** Survival alone: curves by stratum, calibration, measures over time, and the test of proportional hazards. */
import { figureOf, legend, smallMultiple } from '../../../pages/charts/render.ts';
import { clipped, count, dash, share } from '../../../pages/format.ts';
import { html, numbers, section, table, verdict } from '../../../pages/page.ts';
import type { Html } from '../../../pages/page.ts';
import { lookSign } from '../../backfill/page/charts.ts';
import { pValue } from '../../backfill/page/skill.ts';
import { calibrationChart, curveChart, lookOf, observedLook, predictedLook } from './charts.ts';
import type { CurveLine } from './charts.ts';
import type { CvReport, FitDetail, StratumCurves } from './content.ts';
import { mean, meanCurve, weightedMean } from './curves.ts';
import type { Point } from './curves.ts';
import { mostCurves } from './data.ts';
import { score, time } from './measures.ts';

/** Panels of strata; the others are counted. */
const mostStrata = 8;

interface Stratum {
  name: string;
  folds: number;
  rows: number;
  events: number;
  predicted: Point[];
  observed: Point[];
  cindexTau: number | null;
  ibs: number | null;
}

/** Null where no curve is stored. */
export function strataSection(report: CvReport): Html | null {
  const mine = detailsOf(report, report.shown?.label);
  const all = stratumOf(
    'all rows',
    mine.map((detail) => ({
      detail,
      stratum: {
        ...{ stratum: 'all rows', rows: 0, events: 0, cindexTau: null, ibs: null },
        ...{ meanSurvival: detail.meanSurvival, km: detail.km },
      },
    })),
  );
  if (all.predicted.length === 0) return null;
  const names = [...new Set(mine.flatMap(({ strata }) => strata.map(({ stratum }) => stratum)))];
  const strata = names
    .map((name) =>
      stratumOf(
        name,
        mine.flatMap((detail) =>
          detail.strata.filter((each) => each.stratum === name).map((stratum) => ({ detail, stratum })),
        ),
      ),
    )
    .filter(({ predicted }) => predicted.length > 0)
    .sort((a, b) => b.folds - a.folds || b.rows - a.rows || (a.name < b.name ? -1 : 1));
  const shown = [all, ...strata.slice(0, mostStrata)];
  const lowest = Math.min(
    ...shown.flatMap(({ predicted, observed }) => [...predicted, ...observed].map(([, y]) => y)),
  );
  const range = sharesFrom(lowest);
  return section(
    'Survival by stratum',
    html`Of ${clipped(report.shown!.label, 60)}, on rows that the model had not seen: the mean of the
    predicted curves and the observed ones (Kaplan–Meier). Means over the folds, over the times that all of
    them cover. ${range.min > 0 && `The axes begin at ${range.min}.`}`,
    html`<p class="note">
        ${legend([
          { name: 'predicted', sign: lookSign(predictedLook) },
          { name: 'observed', sign: lookSign(observedLook) },
        ])}
      </p>
      <div class="multiples">
        ${shown.map((stratum, i) =>
          smallMultiple(
            curveChart({
              id: `stratum-${i}`,
              title: `Predicted and observed survival, ${stratum.name}`,
              description: curvesInWords(stratum),
              lines: [
                { name: 'observed', look: observedLook, points: stratum.observed, step: true },
                { name: 'predicted', look: predictedLook, points: stratum.predicted },
              ],
              xTitle: timeName(report),
              yRange: range,
              height: { wide: 210, narrow: 210 },
            }),
            html`<h3>
              ${clipped(stratum.name, 40)}
              ${stratum.rows > 0 && html`<small>${count(stratum.rows)} rows, ${count(stratum.events)} events</small>`}
            </h3>`,
          ),
        )}
      </div>
      ${strata.length > mostStrata && html`<p class="note">The largest ${mostStrata} of ${strata.length} strata; the table has the others.</p>`}
      ${strata.length > 0 && strataTable(strata)}`,
  );
}

function stratumOf(name: string, of: readonly { detail: FitDetail; stratum: StratumCurves }[]): Stratum {
  const curve = (values: (stratum: StratumCurves) => (number | null)[]) =>
    meanCurve(of.map(({ detail, stratum }) => ({ grid: detail.grid, values: values(stratum) })));
  return {
    name,
    folds: of.length,
    rows: of.reduce((sum, { stratum }) => sum + stratum.rows, 0),
    events: of.reduce((sum, { stratum }) => sum + stratum.events, 0),
    predicted: curve(({ meanSurvival }) => meanSurvival),
    observed: curve(({ km }) => km),
    cindexTau: mean(of.map(({ stratum }) => stratum.cindexTau)),
    ibs: mean(of.map(({ stratum }) => stratum.ibs)),
  };
}

function curvesInWords({ predicted, observed }: Stratum): string {
  const [last, seen] = [predicted.at(-1), observed.at(-1)];
  if (last === undefined || seen === undefined) return 'Nothing is known.';
  return `At ${time(last[0])}: ${share(last[1])} predicted, ${share(seen[1])} observed.`;
}

function strataTable(strata: readonly Stratum[]): Html {
  const end = (points: readonly Point[]) => points.at(-1)?.[1] ?? null;
  return html`<details>
    <summary>Strata in figures</summary>
    ${table(
      strata,
      [
        { heading: 'Stratum', cell: ({ name }) => clipped(name, 60), kind: 'key' },
        numbers('Folds', 'strata.folds', ({ folds }) => folds, count),
        numbers('Rows', 'strata.rows', ({ rows }) => rows, count),
        numbers('Events', 'strata.events', ({ events }) => events, count),
        numbers('C to τ', 'strata.cindex_tau', ({ cindexTau }) => cindexTau, score),
        numbers('IBS', 'strata.ibs', ({ ibs }) => ibs, score),
        numbers('Predicted at the end', 'strata.predicted', ({ predicted }) => end(predicted), share),
        numbers('Observed at the end', 'strata.observed', ({ observed }) => end(observed), share),
      ],
      { label: 'Strata in figures', key: ({ name }) => name, maxRows: 60 },
    )}
    <p class="note">
      Each fold keeps its largest 12 strata; rows and events are of those folds' test rows. Where a stratum
      has fewer than 10 events in a fold, it has no measures there.
    </p>
  </details>`;
}

/** An axis of shares on which the lowest can be seen. */
function sharesFrom(lowest: number): { min: number; max: number; interval: number } {
  return lowest > 0.6 ? { min: 0.5, max: 1, interval: 0.1 } : { min: 0, max: 1, interval: 0.25 };
}

interface HorizonRow {
  label: string;
  t: number;
  folds: number;
  predicted: number | null;
  observed: number | null;
  auc: number | null;
  brier: number | null;
}

/** Null where no horizon lies inside of the range that the data support. */
export function calibrationSection(report: CvReport): Html | null {
  const mine = detailsOf(report, report.shown?.label);
  const horizons = [...new Set(report.details.flatMap((each) => each.horizons.map(({ t }) => t)))].sort(
    (a, b) => a - b,
  );
  const panels = horizons
    .map((t) => ({ t, groups: groupsAt(mine, t) }))
    .filter(({ groups }) => groups.length > 0);
  if (panels.length === 0) return null;
  const values = panels.flatMap(({ groups }) => groups.flat());
  const range = sharesFrom(Math.min(...values));
  const labels = labelsOf(report);
  const rows = horizons.flatMap((t) => labels.map((label) => horizonRow(report, label, t)));
  return section(
    'Calibration',
    html`Of ${clipped(report.shown!.label, 60)}: test rows in ten groups by predicted survival, what was
    predicted for each against what came (Kaplan–Meier). On the dotted line both are equal; below it the model
    promised too much.`,
    html`<div class="multiples">
        ${panels.map(({ t, groups }, i) =>
          smallMultiple(
            calibrationChart({
              id: `calibration-${i}`,
              title: `Predicted and observed survival at ${time(t)}`,
              description: groups.map(([x, y]) => `${share(x)} predicted, ${share(y)} observed.`).join(' '),
              groups,
              range,
            }),
            html`<h3>${clipped(timeName(report), 30)} ${time(t)}</h3>`,
          ),
        )}
      </div>
      <details>
        <summary>Every model at the horizons</summary>
        ${table(
          rows.filter(({ folds }) => folds > 0),
          [
            { heading: 'Model', cell: ({ label }) => clipped(label, 48), kind: 'key' },
            numbers('At', 'horizons.t', ({ t }) => t, time),
            numbers('Folds', 'horizons.folds', ({ folds }) => folds, count),
            numbers('Predicted', 'horizons.predicted', ({ predicted }) => predicted, share),
            numbers('Observed', 'horizons.observed', ({ observed }) => observed, share),
            numbers('AUC', 'horizons.auc', ({ auc }) => auc, score),
            numbers('Brier score', 'horizons.brier', ({ brier }) => brier, score),
          ],
          {
            label: 'Predicted and observed survival, AUC and Brier score at the horizons',
            key: ({ label, t }) => `${label}/${t}`,
            maxRows: 120,
          },
        )}
      </details>`,
  );
}

/** Groups of the same rank in all folds as one, by their rows. */
function groupsAt(details: readonly FitDetail[], t: number): Point[] {
  const folds = details.flatMap(({ horizons }) => horizons.filter((horizon) => horizon.t === t));
  const number = Math.max(0, ...folds.map(({ calibration }) => calibration.length));
  return Array.from({ length: number }, (_, i) => folds.flatMap(({ calibration }) => calibration[i] ?? []))
    .flatMap((groups): Point[] => {
      const whole = groups.filter(({ predicted, observed }) => predicted !== null && observed !== null);
      const x = weightedMean(whole.map(({ rows, predicted }) => ({ rows, value: predicted })));
      const y = weightedMean(whole.map(({ rows, observed }) => ({ rows, value: observed })));
      return x === null || y === null ? [] : [[x, y]];
    })
    .sort(([a], [b]) => a - b);
}

function horizonRow(report: CvReport, label: string, t: number): HorizonRow {
  const folds = detailsOf(report, label).flatMap(({ horizons }) => horizons.filter((each) => each.t === t));
  return {
    ...{ label, t, folds: folds.length },
    predicted: mean(folds.map(({ predicted }) => predicted)),
    observed: mean(folds.map(({ observed }) => observed)),
    auc: mean(folds.map(({ auc }) => auc)),
    brier: mean(folds.map(({ brier }) => brier)),
  };
}

/** Null where no curve is stored. */
export function timeSection(report: CvReport): Html | null {
  const labels = labelsOf(report);
  const lines = (values: (detail: FitDetail) => (number | null)[]): CurveLine[] =>
    labels.flatMap((label) => {
      const points = meanCurve(
        detailsOf(report, label).map((detail) => ({ grid: detail.grid, values: values(detail) })),
      );
      return points.length === 0 ? [] : [{ name: label, look: lookOf(labels, label), points }];
    });
  const auc = lines((detail) => detail.auc);
  const brier = lines((detail) => detail.brier);
  if (auc.length + brier.length === 0) return null;
  const drawn = (id: string, title: string, of: CurveLine[]) =>
    figureOf(
      curveChart({
        ...{ id, title, lines: of, xTitle: timeName(report) },
        description: of
          .map(({ name, points }) => {
            const [first, last] = [points[0]!, points.at(-1)!];
            return `${name}: ${score(first[1])} at ${time(first[0])}, ${score(last[1])} at ${time(last[0])}.`;
          })
          .join(' '),
        height: { wide: 270, narrow: 260 },
      }),
    );
  return section(
    'Over time',
    html`How well the score tells who has had the event by a time from who has not (AUC), and how far the
    predicted survival is from what came (Brier score), mean over the folds.
    ${report.board.length > mostCurves && `The first ${mostCurves} of ${report.board.length} candidates.`}`,
    html`${
      auc.length > 0 &&
      html`<h3>AUC <small>higher is better</small></h3>
        ${drawn('auc-over-time', 'AUC over time', auc)}`
    }
    ${
      brier.length > 0 &&
      html`<h3>Brier score <small>lower is better</small></h3>
        ${drawn('brier-over-time', 'Brier score over time', brier)}`
    }`,
  );
}

/** Null for what is no survival run, or is not prepared yet. */
export function hazardsSection({ data, request }: CvReport): Html | null {
  if (request.task !== 'survival' || data === null) return null;
  const { hazards } = data;
  if (hazards !== null && hazards.length === 0) return null;
  const flagged = hazards?.filter((each) => each.flagged) ?? [];
  return section(
    'Proportional hazards',
    html`Whether a column's effect stays the same over time, as Cox models take for granted: scaled Schoenfeld
    residuals against the rank of time, one χ² each, corrected for the number of tests by Holm.`,
    hazards === null
      ? html`<p class="note">It could not be tested on these data. No fit depends on it.</p>`
      : html`<p class="lead">
            ${
              flagged.length === 0
                ? verdict('good', 'no column departs from it')
                : html`${verdict('warn', `${flagged.length} of ${hazards.length} depart from it`)}:
                  ${flagged.slice(0, 8).map(({ column }, i) => html`${i > 0 && ', '}${clipped(column, 40)}`)}${flagged.length > 8 && ' …'}.`
            }
          </p>
          ${table(
            hazards,
            [
              { heading: 'Column', cell: ({ column }) => clipped(column, 60), kind: 'key' },
              numbers(
                'χ²',
                'hazards.chi2',
                ({ chi2 }) => chi2,
                (value) => (value === null ? dash : value.toFixed(2)),
              ),
              numbers('p', 'hazards.p', ({ p }) => p, pValue),
              numbers('p, Holm', 'hazards.pHolm', ({ pHolm }) => pHolm, pValue),
              {
                heading: 'Effect',
                figure: 'hazards.flagged',
                value: (each) => each.flagged,
                cell: (each) =>
                  each.flagged ? verdict('warn', 'changes over time') : verdict('good', 'holds'),
                kind: 'key',
              },
            ],
            { label: 'Test of proportional hazards by column', key: ({ column }) => column, maxRows: 40 },
          )}`,
  );
}

function detailsOf({ details }: CvReport, label: string | undefined): FitDetail[] {
  return details.filter((detail) => detail.label === label);
}

/** Candidates with curves, in the order of the board. */
function labelsOf({ board, details }: CvReport): string[] {
  return board
    .slice(0, mostCurves)
    .flatMap(({ label }) => (details.some((each) => each.label === label) ? label : []));
}

/** The column of times, whose unit is the data's own. */
function timeName({ data }: CvReport): string {
  const named = data?.settings['time'];
  return typeof named === 'string' ? named : 'time';
}
