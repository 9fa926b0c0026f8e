/** What was looked at in the rows; what does not hold comes first. */
import type { Check } from '../../ledger/checks.ts';
import { figure } from '../figures.ts';
import { clipped, count } from '../format.ts';
import { html, section, table, verdict } from '../page.ts';
import type { Column, Html } from '../page.ts';
import { maxRows, nameLength, plural, reasonLength } from './common.ts';

type ReportCheck = Check & { unit: string };

export function checksSection({ checks }: { checks: readonly ReportCheck[] }): Html {
  const failed = checks.filter((check) => !check.passed);
  const held = checks.filter((check) => check.passed);
  const blocking = failed.filter((check) => check.severity === 'block').length;
  const columns: Column<ReportCheck>[] = [
    { heading: 'Check', cell: (check) => clipped(check.name, nameLength), kind: 'key' },
    { heading: 'Phase', cell: (check) => clipped(check.unit, nameLength), kind: 'key' },
    {
      heading: 'Result',
      figure: 'checks.passed',
      value: ({ passed }) => passed,
      cell: sign,
      kind: 'key',
    },
    {
      heading: 'Severity',
      figure: 'checks.severity',
      value: ({ severity }) => severity,
      cell: ({ severity }) => severity,
      kind: 'key',
    },
    {
      heading: 'Found',
      figure: 'checks.observed',
      value: ({ observed }) => observed,
      cell: ({ observed }) => plain(observed),
      kind: 'number',
    },
    {
      heading: 'Expected',
      figure: 'checks.expected',
      value: ({ expected }) => expected,
      cell: ({ expected }) => plain(expected),
      kind: 'number',
    },
    { heading: 'What it looks at', cell: (check) => clipped(check.message, reasonLength), kind: 'words' },
  ];
  const key = (check: ReportCheck) => `${check.unit} ${check.name}`;
  return section(
    'Checks',
    html`${figure('checks.held', held.length, count(held.length))} of
    ${figure('checks.all', checks.length, count(checks.length))} hold;
    ${blocking === 0 ? 'none blocks' : `${blocking} block${blocking === 1 ? 's' : ''}`},
    ${failed.length - blocking} to be aware of.`,
    html`${failed.length > 0 && table(failed, columns, { label: 'Checks that do not hold', key, maxRows })}
    ${
      held.length > 0 &&
      html`<details>
        <summary>${plural(held.length, 'check holds', 'checks hold')}</summary>
        ${table(held, columns, { label: 'Checks that hold', key, maxRows })}
      </details>`
    }`,
  );
}

function sign(check: ReportCheck): Html {
  if (check.passed) return check.severity === 'info' ? verdict('quiet', 'noted') : verdict('good', 'holds');
  return check.severity === 'block'
    ? verdict('bad', 'blocks')
    : verdict('warn', check.severity === 'warn' ? 'warns' : 'noted');
}

/** Checks come as text; a plain number among them is written like every other. */
function plain(text: string): string {
  return /^-?\d+$/.test(text) ? count(Number(text)) : clipped(text, nameLength);
}
