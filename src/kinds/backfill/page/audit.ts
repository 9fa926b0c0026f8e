/** What an audit found: dates that were made again, compared with the stored bytes. */
import { count } from '../../../pages/format.ts';
import { html, numbers, section, table, verdict } from '../../../pages/page.ts';
import type { Html } from '../../../pages/page.ts';
import type { BackfillReport } from './content.ts';

/** Null for a run that compared nothing. */
export function auditSection({ totals }: BackfillReport): Html | null {
  const checked = totals.filter(({ equal, different }) => equal + different > 0);
  if (checked.length === 0) return null;
  const different = checked.reduce((sum, row) => sum + row.different, 0);
  return section(
    'Made again',
    'Each date was computed once more from the prices and the stored model and compared with what is stored, bit by bit.',
    html`<p class="lead">
        ${different === 0 ? verdict('good', 'all bytes equal') : verdict('bad', `${count(different)} different`)}
      </p>
      ${table(
        checked,
        [
          { heading: 'Model', cell: ({ modelVersion }) => modelVersion, kind: 'key' },
          numbers('Dates', 'audit.dates', ({ dates }) => dates, count),
          numbers('Equal', 'audit.equal', ({ equal }) => equal, count),
          numbers('Different', 'audit.different', (row) => row.different, count),
        ],
        { label: 'Dates made again, by model', key: ({ modelVersion }) => modelVersion },
      )}`,
  );
}
