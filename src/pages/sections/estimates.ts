/** Expected and actual figures of batches: time, cores, dollars, and how much of the cores was used. */
import type { EngineRegistry } from '../../engines/index.ts';
import { fallbackText } from '../../ledger/batch-record.ts';
import type { FallenBack } from '../../ledger/batch-record.ts';
import { figure } from '../figures.ts';
import { clipped, megabytes, price, seconds, share } from '../format.ts';
import { html, numbers, table } from '../page.ts';
import type { Column, Fragment, Html } from '../page.ts';
import { reasonLength } from './common.ts';

type Known = number | null | undefined;

/** A batch, or several as one. What is not known is null: older batches have no estimate and no event log. */
export interface Estimated {
  key: string;
  name: Fragment;
  expectedSeconds: Known;
  seconds: Known;
  expectedCoreSeconds: Known;
  coreSeconds: Known;
  expectedUsd: Known;
  usd: Known;
  /** CPU seconds of tasks in executors. */
  cpuSeconds: Known;
  offeredCoreSeconds: Known;
  /** The most that an executor held. */
  executorMb: Known;
}

/** Figures are called `<prefix>.…` in the rows and `cost.…` in the foot. Null where nothing is known of any. */
export function estimatesTable(rows: readonly Estimated[], prefix: string, heading: string): Html | null {
  const anything = rows.some((row) => row.expectedSeconds != null || row.cpuSeconds != null);
  if (!anything) return null;
  const billed = rows.some(isBilled);
  const columns: Column<Estimated>[] = [
    { heading, cell: ({ name }) => name, kind: 'key' },
    numbers('Expected', `${prefix}.estimate_seconds`, (row) => row.expectedSeconds, seconds),
    numbers('Took', `${prefix}.actual_seconds`, (row) => row.seconds, seconds),
    numbers('Cores expected', `${prefix}.estimate_core_seconds`, (row) => row.expectedCoreSeconds, seconds),
    numbers('Cores', `${prefix}.core_seconds`, (row) => row.coreSeconds, seconds),
    ...(billed
      ? [
          numbers<Estimated, Known>(
            'Price expected',
            `${prefix}.estimate_usd`,
            (row) => row.expectedUsd,
            price,
          ),
          numbers<Estimated, Known>('Price', `${prefix}.actual_usd`, (row) => row.usd, price),
        ]
      : []),
    numbers('CPU of offered', `${prefix}.cpu_share`, usedShare, share),
    numbers('Executor memory', `${prefix}.executor_mb`, (row) => row.executorMb, megabytes),
  ];
  return html`${table(rows, columns, { label: 'What was expected and what came', key: ({ key }) => key, maxRows: 200, foot: footOf(rows, billed) })}
    <p class="note">
      "Cores" is time on the clock times the cores that were kept from others. "CPU of offered" counts what
      executors' JVMs used of the cores they had; what Python processes used is not in it.
    </p>`;
}

function footOf(rows: readonly Estimated[], billed: boolean): Html {
  const all = totalOf(rows);
  const cell = (name: string, value: Known, written: string): Html =>
    html`<td class="n">${figure(`cost.${name}`, value, written)}</td>`;
  return html`<tr>
    <th scope="row">All together; the highest memory</th>
    ${cell('estimate_seconds', all.expectedSeconds, seconds(all.expectedSeconds))}
    ${cell('actual_seconds', all.seconds, seconds(all.seconds))}
    ${cell('estimate_core_seconds', all.expectedCoreSeconds, seconds(all.expectedCoreSeconds))}
    ${cell('core_seconds', all.coreSeconds, seconds(all.coreSeconds))}
    ${billed && html`${cell('estimate_usd', all.expectedUsd, price(all.expectedUsd))} ${cell('actual_usd', all.usd, price(all.usd))}`}
    ${cell('cpu_share', usedShare(all), share(usedShare(all)))}
    ${cell('executor_mb', all.executorMb, megabytes(all.executorMb))}
  </tr>`;
}

/** Sum of the known ones; null where none is. */
function totalOf(rows: readonly Estimated[]): Omit<Estimated, 'key' | 'name'> {
  const known = (of: (row: Estimated) => Known): number[] => rows.flatMap((row) => of(row) ?? []);
  const sum = (of: (row: Estimated) => Known): number | null => {
    const values = known(of);
    return values.length === 0 ? null : values.reduce((so, value) => so + value, 0);
  };
  const memory = known((row) => row.executorMb);
  return {
    expectedSeconds: sum((row) => row.expectedSeconds),
    seconds: sum((row) => row.seconds),
    expectedCoreSeconds: sum((row) => row.expectedCoreSeconds),
    coreSeconds: sum((row) => row.coreSeconds),
    expectedUsd: sum((row) => row.expectedUsd),
    usd: sum((row) => row.usd),
    cpuSeconds: sum((row) => row.cpuSeconds),
    offeredCoreSeconds: sum((row) => row.offeredCoreSeconds),
    executorMb: memory.length === 0 ? null : Math.max(...memory),
  };
}

function usedShare({ cpuSeconds, offeredCoreSeconds }: Omit<Estimated, 'key' | 'name'>): number | null {
  return cpuSeconds == null || !offeredCoreSeconds ? null : cpuSeconds / offeredCoreSeconds;
}

function isBilled({ expectedUsd, usd }: Estimated): boolean {
  return (expectedUsd ?? 0) > 0 || (usd ?? 0) > 0;
}

/** What was paid, in a sentence; the registry says which engines bill. */
export function priceInWords(
  rows: readonly Estimated[],
  engines: readonly string[],
  registry: EngineRegistry,
): Fragment {
  const free = Object.values(registry).filter(({ freeOn }) => freeOn !== undefined);
  const others = engines.filter((engine) => !free.some(({ name }) => name === engine));
  if (others.length === 0) {
    const where = free.findLast(({ name }) => engines.includes(name)) ?? free[0];
    return `It ran on ${where?.freeOn}: it cost nothing.`;
  }
  const { usd, expectedUsd } = totalOf(rows);
  if (usd === null && expectedUsd === null) return `What ${others.join(', ')} bills for it is not recorded.`;
  return html`${others.join(', ')} bills ${figure('cost.actual_usd', usd, price(usd))}, as far as it has
  reported; ${figure('cost.estimate_usd', expectedUsd, price(expectedUsd))} were expected.`;
}

/** A line for each reason why batches did not go where they were to go. */
export function fallbackNotes(fallbacks: readonly FallenBack[]): Html[] {
  return fallbacks.map(
    (fallback) => html`<p class="note">${clipped(fallbackText(fallback), reasonLength * 2)}</p>`,
  );
}
