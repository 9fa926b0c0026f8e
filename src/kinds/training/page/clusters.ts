/** What a training without a target comes to: groups of rows, what they are like, and how clear they are. */
import { figureOf } from '../../../pages/charts/render.ts';
import { strip } from '../../../pages/charts/strip.ts';
import { clipped, count, dash, share } from '../../../pages/format.ts';
import { html, numbers, section, table, verdict } from '../../../pages/page.ts';
import type { Column, Html } from '../../../pages/page.ts';
import { curveChart, lookOf } from '../../cross-validation/page/charts.ts';
import type { Point } from '../../cross-validation/page/curves.ts';
import { clustersOf } from '../outcome.ts';
import type { ClusterSize } from '../outcome.ts';
import type { BoardRow, ClusterShape, Importance, TrainingReport } from './data.ts';
import { score, titleOf } from './figures.ts';

const mostClusters = 15;
const mostColumns = 60;

/** Null before every row has its cluster, and of a training with a target. */
export function clustersSection({ evaluations, importances, request }: TrainingReport): Html | null {
  const all = evaluations.find(({ part }) => part === 'all');
  if (all === undefined) return null;
  const later = evaluations.filter(({ part }) => part !== 'all');
  const sizes = clustersOf(all);
  const title = (part: string): string => request.oot[Number(part.split(' ')[1]) - 1]?.name ?? part;
  const rowsOf = (each: (typeof later)[number], cluster: number): number =>
    clustersOf(each).find((size) => size.cluster === cluster)?.rows ?? 0;
  return section(
    'Clusters',
    'Rows that are alike, by number, the largest first. Distances are to the centre, in deviations of the columns.',
    html`${table(
      sizes,
      [
        { heading: 'Cluster', cell: ({ cluster }) => nameOf(cluster), kind: 'key' },
        numbers('Rows', 'clusters.rows', ({ rows }) => rows, count),
        { heading: 'of all', cell: ({ rows }) => share(rows / all.rows), kind: 'number' },
        numbers('Mean distance', 'clusters.distance', ({ distance }) => distance, score),
        ...later.map((each): Column<ClusterSize> =>
          numbers(
            title(each.part),
            `${each.part}.rows`,
            ({ cluster }) => rowsOf(each, cluster) / each.rows,
            share,
          ),
        ),
      ],
      { label: 'Clusters and their rows', key: ({ cluster }) => String(cluster) },
    )}
    ${sizes.length > 1 && profileTable(importances, sizes)}`,
  );
}

function nameOf(cluster: number): string {
  return cluster < 0 ? 'none' : String(cluster);
}

/** What each cluster is like: the mean of a number, the most frequent level of a category. */
function profileTable(importances: readonly Importance[], sizes: readonly ClusterSize[]): Html {
  const shown = sizes
    .map(({ cluster }) => cluster)
    .filter((cluster) => cluster >= 0)
    .slice(0, mostClusters);
  const shapeOf = (row: Importance, cluster: number): ClusterShape | undefined =>
    (row.dependence as ClusterShape[] | null)?.find((each) => each.cluster === cluster);
  return html`<div class="apart">
    <h3>What they differ in</h3>
    ${table(
      importances,
      [
        { heading: 'Column', cell: ({ feature }) => clipped(feature, 60), kind: 'key' },
        numbers('Explained', 'training_importances.permutation', ({ permutation }) => permutation, share),
        {
          heading: '',
          cell: ({ permutation }) =>
            permutation > 0 && strip(0, Math.min(permutation, 1), `${share(permutation)} of its spread`),
        },
        ...shown.map((cluster): Column<Importance> => ({
          heading: `Cluster ${cluster}`,
          cell: (row) => shapeWords(shapeOf(row, cluster)),
          kind: 'number',
        })),
      ],
      { label: 'What each cluster is like', key: ({ feature }) => feature, maxRows: mostColumns },
    )}
    <p class="note">
      Explained is the share of a column's spread that lies between clusters. Of a number the mean and its
      deviation, of a category the most frequent level and its share.
    </p>
  </div>`;
}

function shapeWords(shape: ClusterShape | undefined): string {
  if (shape?.level != null) return `${clipped(shape.level, 24)} (${share(shape.share)})`;
  if (shape?.mean == null) return dash;
  return `${short(shape.mean)} ± ${short(shape.deviation ?? 0)}`;
}

function short(value: number): string {
  return value.toLocaleString('en-US', { maximumSignificantDigits: 3 });
}

/** Null before a choice is made. */
export function clusterChoiceSection({ selection, board, trials }: TrainingReport): Html | null {
  if (selection === null || board.length === 0) return null;
  const models = [...new Set(trials.map(({ model }) => model))];
  const lines = models
    .map((name) => ({
      name,
      look: lookOf(models, name),
      points: trials.flatMap(({ model, params, value }): Point[] =>
        model === name && value !== null && typeof params['clusters'] === 'number'
          ? [[params['clusters'], value]]
          : [],
      ),
    }))
    .filter(({ points }) => points.length > 1);
  return section(
    'Choice',
    html`By silhouette (how much nearer a row is to its own cluster than to the next; higher is better).
    Within 0.01 of the best the fewer clusters are kept. Up to 0.25, or where halves of the rows are grouped
    otherwise (stability below 0.6), there is no clear structure.`,
    html`<p class="lead">${clipped(selection.reason, 600)}</p>
      ${
        lines.length > 0 &&
        figureOf(
          curveChart({
            id: 'groupings',
            title: 'Silhouette',
            description: `Silhouette over the number of clusters of ${lines.map(({ name }) => name).join(', ')}`,
            lines,
            xTitle: 'clusters',
            yTick: score,
          }),
        )
      }
      ${table(
        board,
        [
          {
            heading: 'Grouping',
            cell: ({ label, chosen }) =>
              html`${clipped(label, 48)}${chosen === true && html` ${verdict('good', 'chosen')}`}`,
            kind: 'key',
          },
          ...['silhouette', 'stability', 'calinski_harabasz', 'davies_bouldin'].map(
            (name): Column<BoardRow> =>
              numbers(titleOf(name), `leaderboard.${name}`, ({ figures }) => figures?.[name] ?? null, score),
          ),
          numbers('Noise rows', 'leaderboard.noise', ({ figures }) => figures?.['noise'] ?? null, count),
          { heading: '', cell: ({ error }) => clipped(error ?? '', 160), kind: 'words' },
        ],
        {
          label: 'Groupings, the best first',
          key: ({ label }) => label,
          highlight: ({ chosen }) => chosen === true,
          maxRows: 120,
        },
      )}`,
  );
}
