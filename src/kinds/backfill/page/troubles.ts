/** What a person has to look at: what failed or was set apart, why, and the commands that go on from there. */
import { clipped, count } from '../../../pages/format.ts';
import { html, section, verdict } from '../../../pages/page.ts';
import type { Fragment, Html } from '../../../pages/page.ts';
import { plural } from '../../../pages/sections/common.ts';
import { rangeOf, toneOf } from './calendar.ts';
import type { BackfillReport, OpenRange } from './content.ts';

/** Distinct causes, each with an example; the ranges of all are in the table of dates. */
const mostCauses = 12;

/** Null where nothing went wrong. */
export function troublesSection({ run, open, phases }: BackfillReport): Html | null {
  const bad = open.ranges.filter(({ verdict: word }) => word === 'failed' || word === 'quarantined');
  const failedPhases = phases.filter((phase) => phase.verdict === 'failed');
  if (bad.length + failedPhases.length === 0) return null;
  const causes = new Map<string, OpenRange[]>();
  for (const range of bad) {
    const cause = `${range.kind} ${range.verdict} ${range.failureType ?? ''} ${range.reason ?? ''}`;
    causes.set(cause, [...(causes.get(cause) ?? []), range]);
  }
  const first = bad.find(({ kind }) => kind === 'date');
  const key = clipped(run.key, 160);
  return section(
    'What went wrong',
    html`${count(bad.reduce((sum, { dates }) => sum + dates, 0))} units failed or were set apart. Everything
    else was done without them.`,
    html`${[...causes.values()].slice(0, mostCauses).map(causeOf)}
      ${causes.size > mostCauses && html`<p class="note">${count(causes.size - mostCauses)} more causes.</p>`}
      ${failedPhases.map((phase) => html`<p class="cause">${verdict('bad', clipped(phase.unit, 60))} ${clipped(phase.reason, 400)}</p>`)}
      <div class="steps">
        <p>See every cause and its log: <code>npx sevenfold why ${key}</code></p>
        <p>Put right what caused it, then do only what is left: <code>npx sevenfold retry ${key}</code></p>
        ${first !== undefined && html`<p>Or leave dates out, with your reason: <code>npx sevenfold skip ${key} --dates ${first.first === first.last ? first.first : `${first.first}..${first.last}`} --reason "…"</code></p>`}
      </div>`,
  );
}

function causeOf(ranges: OpenRange[]): Html {
  const { verdict: word, failureType, reason, kind, tries } = ranges[0]!;
  const units = ranges.reduce((sum, { dates }) => sum + dates, 0);
  const where: Fragment = ranges
    .slice(0, 4)
    .map((range, i) => html`${i > 0 && ', '}${clipped(range.modelVersion, 40)} ${rangeOf(range)}`);
  return html`<p class="cause">
    ${verdict(toneOf(word), word)} ${failureType !== null && html`<strong>${failureType}</strong>: `}
    ${clipped(reason, 400)}<br /><small class="quiet"
      >${plural(units, kind === 'date' ? 'date' : 'training window')}${tries > 0 && html`, ${plural(tries, 'try', 'tries')}`}:
      ${where}${ranges.length > 4 && html` and ${plural(ranges.length - 4, 'more range')}`}</small
    >
  </p>`;
}
