/** The training windows: one fit serves every date until the next. */
import { clipped, count, dash, seconds } from '../../../pages/format.ts';
import { html, numbers, section, table } from '../../../pages/page.ts';
import type { Html } from '../../../pages/page.ts';
import { unbroken } from '../../../pages/sections/common.ts';
import { rangesTable } from './calendar.ts';
import type { BackfillReport, WindowTotals } from './content.ts';

/** Null for a run that trains nothing. */
export function windowsSection({ windows, options, open }: BackfillReport): Html | null {
  if (windows.length === 0) return null;
  const trained = windows.reduce((sum, row) => sum + row.trained, 0);
  const all = windows.reduce((sum, row) => sum + row.windows, 0);
  const left = open.ranges.filter(({ kind }) => kind === 'window');
  return section(
    'Trained windows',
    html`Trained ${clipped(options.trainFrequency, 20)}, on dates of the calendar, only on what was known
    before.
    ${trained === all ? `All ${count(all)} were fitted by this run.` : `${count(trained)} of ${count(all)} were fitted by this run; the others were there.`}`,
    html`${table(
      windows,
      [
        { heading: 'Model', cell: ({ modelVersion }) => modelVersion, kind: 'key' },
        numbers('Windows', 'windows.windows', (row) => row.windows, count),
        numbers('Stored', 'windows.whole', ({ whole }) => whole, count),
        numbers('Fitted now', 'windows.trained', (row) => row.trained, count),
        { heading: 'From', cell: ({ first }) => unbroken(first), kind: 'key' },
        { heading: 'To', cell: ({ last }) => unbroken(last), kind: 'key' },
        numbers('Fewest rows', 'windows.fewest_rows', ({ fewestRows }) => fewestRows, count),
        numbers('Most rows', 'windows.most_rows', ({ mostRows }) => mostRows, count),
        numbers('Fitting', 'windows.seconds', (row) => row.seconds, seconds),
        numbers('Largest model', 'windows.largest_bytes', ({ largestBytes }) => largestBytes, bytes),
        numbers<WindowTotals, number>('As files', 'windows.as_objects', ({ asObjects }) => asObjects, count),
      ],
      { label: 'Trained windows by model', key: ({ modelVersion }) => modelVersion },
    )}
    ${left.length > 0 && html`<div class="apart">${rangesTable(left, 'Training windows that are not stored, with the reason')}</div>`}`,
  );
}

function bytes(value: number | null): string {
  if (value === null) return dash;
  return value < 10_000 ? `${count(value)}\u202fB` : `${count(value / 1000)}\u202fkB`;
}
