/** Grids of parameters and classes: which parameters matter, and how each class fares. */
import { figureValue } from '../../../pages/figures.ts';
import { clipped, count } from '../../../pages/format.ts';
import { html, numbers, section, table } from '../../../pages/page.ts';
import type { Html } from '../../../pages/page.ts';
import { paramsOf, varied } from './board.ts';
import { plainValue } from './choice.ts';
import type { ClassReport, CvReport } from './content.ts';
import { mean } from './curves.ts';
import { measureOf, score } from './measures.ts';

interface Influence {
  name: string;
  values: unknown[];
  /** Between the best and the worst of its values, the others averaged. */
  spread: number;
}

/** Null where fewer than two values of any parameter can be compared. */
export function heatSection(report: CvReport): Html | null {
  const { board, request } = report;
  const params = paramsOf(report);
  const first = board[0]?.model;
  const whole = board.filter(({ model, missingFolds }) => model === first && missingFolds.length === 0);
  const meanWhere = (wanted: Record<string, unknown>) => {
    const sets = whole.filter(({ label }) =>
      Object.entries(wanted).every(([name, value]) => same(params.get(label)?.[name], value)),
    );
    return { mean: mean(sets.map((set) => set.mean)), sets: sets.length };
  };
  const influences = [...varied(report)]
    .map(([name, values]): Influence => {
      const means = values.flatMap((value) => meanWhere({ [name]: value }).mean ?? []);
      return {
        name,
        values,
        spread: means.length < 2 ? 0 : Math.max(...means) - Math.min(...means),
      };
    })
    .sort((a, b) => b.spread - a.spread);
  const [down, across] = influences;
  if (down === undefined || whole.length < 2) return null;
  const measure = measureOf(request.metric);
  const cells = down.values.map((value) =>
    (across?.values ?? [undefined]).map((other) =>
      meanWhere({ [down.name]: value, ...(across && { [across.name]: other }) }),
    ),
  );
  const means = cells.flat().flatMap(({ mean: value }) => value ?? []);
  const [low, high] = [Math.min(...means), Math.max(...means)];
  const best = measure.higherIsBetter ? high : low;
  /** 0 for the worst, 1 for the best. */
  const goodness = (value: number) =>
    high === low
      ? 0.5
      : measure.higherIsBetter
        ? (value - low) / (high - low)
        : (high - value) / (high - low);
  return section(
    'Grid',
    html`Mean ${measure.name} over folds and over the other parameters, by the
    ${across === undefined ? 'parameter that varies' : 'two parameters that matter most'}. The stronger the
    colour, the better; the best is outlined.`,
    html`<div class="heat scroll" role="region" tabindex="0" aria-label="Mean ${measure.name} by parameters">
        <table>
          <thead>
            <tr>
              <th scope="col">
                ${clipped(down.name, 40)}${across && html` down,<br />${clipped(across.name, 40)} across`}
              </th>
              ${(across?.values ?? ['mean']).map((value) => html`<th scope="col">${plainValue(value)}</th>`)}
            </tr>
          </thead>
          <tbody>
            ${down.values.map(
              (value, i) =>
                html`<tr>
                  <th scope="row">${plainValue(value)}</th>
                  ${cells[i]!.map((cell, j) =>
                    cell.mean === null
                      ? html`<td class="h" style="--s:0">–</td>`
                      : html`<td
                          class="h${cell.mean === best && ' best'}"
                          style="--s:${Math.round(4 + 40 * goodness(cell.mean))}"
                          data-figure="grid.mean"
                          data-key="${`${plainValue(value)}/${plainValue(across?.values[j])}`}"
                          data-value="${figureValue(cell.mean)}"
                        >
                          ${score(cell.mean, measure)}
                          <small>${count(cell.sets)} ${cell.sets === 1 ? 'set' : 'sets'}</small>
                        </td>`,
                  )}
                </tr>`,
            )}
          </tbody>
        </table>
      </div>
      ${
        influences.length > 1 &&
        html`<div class="apart">
          ${table(
            influences,
            [
              { heading: 'Parameter', cell: ({ name }) => clipped(name, 48), kind: 'key' },
              { heading: 'Values', cell: ({ values }) => clipped(values.map(plainValue).join(', '), 120) },
              numbers(
                'Best to worst value',
                'grid.spread',
                ({ spread }) => spread,
                (value) => score(value, measure),
              ),
            ],
            { label: 'How much each parameter matters', key: ({ name }) => name, maxRows: 30 },
          )}
        </div>`
      }`,
  );
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Null where no fit has classes. */
export function classesSection({ details, shown }: CvReport): Html | null {
  const rows = details
    .filter(({ label }) => label === shown?.label)
    .sort((a, b) => a.fold - b.fold)
    .flatMap(({ fold, report }) => report.map((each): ClassReport & { fold: number } => ({ fold, ...each })));
  if (rows.length === 0) return null;
  return section(
    'By class',
    html`Of ${clipped(shown!.label, 60)}, on the test rows of each fold. Precision: of those called so, the
    share that is. Recall: of those that are, the share called so.`,
    table(
      rows,
      [
        { heading: 'Class', cell: ({ name }) => clipped(name, 40), kind: 'key' },
        numbers('Fold', 'report.fold', ({ fold }) => fold, count),
        numbers('Precision', 'report.precision', ({ precision }) => precision, score),
        numbers('Recall', 'report.recall', ({ recall }) => recall, score),
        numbers('F1', 'report.f1', ({ f1 }) => f1, score),
        numbers('Rows', 'report.rows', (row) => row.rows, count),
      ],
      {
        label: 'Precision and recall by fold and class',
        key: ({ fold, name }) => `${fold}/${name}`,
        maxRows: 100,
      },
    ),
  );
}
