/** How fresh what came in is, and how much of it against earlier runs. */
import { figure } from '../../../../pages/figures.ts';
import { change, clipped, count, dash, days, seconds } from '../../../../pages/format.ts';
import { html, numbers, section, table, verdict } from '../../../../pages/page.ts';
import type { Column, Html } from '../../../../pages/page.ts';
import {
  latest,
  nameLength,
  reasonLength,
  secondsBetween,
  statusTone,
  unbroken,
} from '../../../../pages/sections/common.ts';
import { daysBetween } from '../../../../planning/days.ts';
import { staleAfterDays } from '../../../../pools/icebox.ts';
import type { DailyReport, ProviderNews, RunCounts, SourceNews } from '../data.ts';

const sourceNames = { history: 'pool history', gas: 'gas fees', price: 'price', macro: 'macro series' };

export function sourcesSection({ run, phases, sources, providers, remarks }: DailyReport): Html {
  const due = (phases.find((phase) => phase.unit === 'ingest')?.detail['due'] ?? {}) as Record<
    string,
    number
  >;
  const age = (source: SourceNews) =>
    source.newest === null || run.date === null ? null : daysBetween(source.newest, run.date);
  // Macro series are published weekly, monthly and late: their age says nothing by itself.
  const mayLag = (source: SourceNews) =>
    source.kind === 'history' ? 1 : source.kind === 'macro' ? Infinity : staleAfterDays;
  const state = (source: SourceNews): Html => {
    const old = age(source);
    if (old === null) return verdict('bad', 'nothing');
    return old > mayLag(source) ? verdict('warn', 'stale') : verdict('good', 'fresh');
  };
  const columns: Column<SourceNews>[] = [
    {
      heading: 'Source',
      cell: (source) =>
        source.kind === 'history' || source.kind === 'gas'
          ? sourceNames[source.kind]
          : clipped(source.name, nameLength),
      kind: 'key',
    },
    {
      heading: 'Kind',
      cell: (source) =>
        source.kind === 'macro' || source.kind === 'price' ? sourceNames[source.kind] : 'table',
      kind: 'key',
    },
    {
      heading: 'Newest day',
      figure: 'sources.newest',
      value: ({ newest }) => newest,
      cell: ({ newest }) => newest ?? dash,
      kind: 'key',
    },
    numbers('Before the run date', 'sources.age', age, days),
    { heading: '', cell: state, kind: 'key' },
  ];
  const key = ({ name }: SourceNews) => name;
  const main = sources.filter((source) => source.kind !== 'macro');
  const macro = sources.filter((source) => source.kind === 'macro');
  return section(
    'Sources',
    html`Newest day of each source against the run date ${unbroken(run.date)}. Prices older than
    ${staleAfterDays} days count 1.00.`,
    html`${main.length === 0 ? html`<p class="note">No source has been read yet.</p>` : table(main, columns, { label: 'Newest day of tables and prices', key, maxRows: 200 })}
    ${providers.length > 0 && table(providers, providerColumns, { label: 'How each provider ended', key: ({ source }) => source })}
    ${
      macro.length > 0 &&
      html`<details>
        <summary>${macro.length} macro series</summary>
        ${table(macro, columns, { label: 'Newest day of macro series', key, maxRows: 200 })}
      </details>`
    }
    ${
      Object.keys(due).length > 0 &&
      html`<p class="note">
        Rows in the source up to the run date:
        ${Object.entries(due).map(([name, rows], i) => html`${i > 0 && ', '}${name} ${figure('sources.due', rows, count(rows), name)}`)}.
      </p>`
    }
    ${remarks.slice(0, 20).map((remark) => html`<p class="note">${verdict('warn', 'Remark')} ${clipped(remark, reasonLength)}</p>`)}`,
  );
}

const providerTones = { fresh: 'good', aged: 'warn', failed: 'bad' } as const;

const providerColumns: Column<ProviderNews>[] = [
  { heading: 'Provider', cell: ({ source }) => clipped(source, nameLength), kind: 'key' },
  { heading: '', cell: ({ state }) => verdict(providerTones[state], state), kind: 'key' },
  numbers('Due', 'providers.due', ({ keysDue }) => keysDue, count),
  numbers('Stored', 'providers.stored', ({ keysStored }) => keysStored, count),
  { heading: 'Last good', cell: ({ lastGood }) => lastGood ?? dash, kind: 'key' },
  { heading: 'Not fresh since', cell: ({ downSince }) => downSince ?? '', kind: 'key' },
  { heading: 'What it said', cell: ({ message }) => clipped(message ?? '', reasonLength), kind: 'words' },
];

export function countsSection({ run, phases, counts }: DailyReport): Html {
  const tookSoFar = secondsBetween(run.claimedAt, latest(phases.map((phase) => phase.finishedAt)));
  const now = counts.find((row) => row.runId === run.runId);
  const earlier = counts.filter((row) => row.runId !== run.runId);
  const median = (of: (row: RunCounts) => number | null): number | null => {
    const values = earlier.flatMap((row) => of(row) ?? []).sort((a, b) => a - b);
    return values.length === 0 ? null : (values[(values.length - 1) >> 1]! + values[values.length >> 1]!) / 2;
  };
  const figures: { heading: string; name: string; of: (row: RunCounts) => number | null }[] = [
    { heading: 'Rows ingested', name: 'ingest_rows', of: (row) => row.ingestRows },
    { heading: 'Pools', name: 'pools', of: (row) => row.pools },
    { heading: 'Passed', name: 'passed', of: (row) => row.passed },
    { heading: 'Metrics rows', name: 'metrics_rows', of: (row) => row.metricsRows },
    { heading: 'Forecasts', name: 'forecast_rows', of: (row) => row.forecastRows },
    { heading: 'Positions', name: 'positions', of: (row) => row.positions },
  ];
  const columns: Column<RunCounts>[] = [
    { heading: 'Run date', cell: (row) => row.date ?? dash, kind: 'key' },
    {
      heading: 'Status',
      cell: (row) =>
        row.runId === run.runId
          ? verdict('quiet', 'this run')
          : verdict(statusTone(row.status), clipped(row.status, 20)),
      kind: 'key',
    },
    ...figures.map(({ heading, name, of }): Column<RunCounts> =>
      numbers(heading, `counts.${name}`, of, count),
    ),
    numbers(
      'Took',
      'counts.seconds',
      (row) => row.seconds ?? (row.runId === run.runId ? tookSoFar : null),
      seconds,
    ),
  ];
  const foot =
    now &&
    earlier.length > 0 &&
    html`<tr>
      <th scope="row" colspan="2">This run against the median of the others</th>
      ${figures.map(
        ({ name, of }) =>
          html`<td class="n">
            ${figure(`counts_against_median.${name}`, relative(of(now), median(of)), change(of(now), median(of)))}
          </td>`,
      )}
      <td></td>
    </tr>`;
  return section(
    'Row counts',
    earlier.length === 0
      ? 'The first run of this data set: there is nothing to hold it against.'
      : `Held against the last ${earlier.length === 1 ? 'run' : `${earlier.length} runs`} of the same data set.`,
    table(counts, columns, {
      label: 'Row counts of this run and of the last ten',
      key: (row) => row.runId,
      highlight: (row) => row.runId === run.runId,
      ...(foot && { foot }),
    }),
  );
}

function relative(value: number | null, base: number | null): number | null {
  return value === null || base === null || base === 0 ? null : value / base - 1;
}
