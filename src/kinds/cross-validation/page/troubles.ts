/** Fits that are not there, why, and the commands that go on from there. */
import { clipped, count } from '../../../pages/format.ts';
import { html, numbers, section, table, verdict } from '../../../pages/page.ts';
import type { Html } from '../../../pages/page.ts';
import { plural, statusTone } from '../../../pages/sections/common.ts';
import type { CvReport, OpenFit } from './content.ts';

/** Distinct causes, each with an example. */
const mostCauses = 12;

/** Null where nothing is missing; a run at work has fits that are only not there yet, and no cause for them. */
export function troublesSection({ run, open, phases, selection }: CvReport): Html | null {
  const failedPhases = phases.filter((phase) => phase.verdict === 'failed');
  const ended = run.status !== 'running';
  const failed = open.fits.filter((fit) => ended || fit.verdict !== 'missing' || fit.reason !== null);
  if (failed.length + failedPhases.length === 0) return null;
  const causes = new Map<string, OpenFit[]>();
  for (const fit of failed) {
    const cause = `${fit.verdict} ${fit.failureType ?? ''} ${fit.reason ?? ''}`;
    causes.set(cause, [...(causes.get(cause) ?? []), fit]);
  }
  const key = clipped(run.key, 160);
  return section(
    'What is missing',
    html`${plural(open.all, 'fit is', 'fits are')} not in the database. A candidate that lacks a fold is not
    compared with the others, and nothing is chosen while one does, unless it fails on every fold for a reason
    of its own: then it is out of the
    running${selection === null ? '.' : ', and the choice is among the others.'}`,
    html`${[...causes.values()].slice(0, mostCauses).map(causeOf)}
      ${causes.size > mostCauses && html`<p class="note">${count(causes.size - mostCauses)} more causes.</p>`}
      ${failedPhases.map((phase) => html`<p class="cause">${verdict('bad', clipped(phase.unit, 60))} ${clipped(phase.reason, 400)}</p>`)}
      ${
        open.fits.length > 0 &&
        html`<details>
          <summary>Every fit that is missing</summary>
          ${table(
            open.fits,
            [
              {
                heading: 'Candidate',
                cell: ({ label, unit }) => clipped(label ?? unit, 60),
                kind: 'key',
              },
              numbers('Fold', 'units.position', ({ fold }) => fold, count),
              {
                heading: 'Verdict',
                figure: 'units.verdict',
                value: (fit) => fit.verdict,
                cell: (fit) => verdict(statusTone(fit.verdict), fit.verdict),
                kind: 'key',
              },
              numbers('Tries', 'units.tries', ({ tries }) => tries, count),
              {
                heading: 'Why',
                cell: ({ failureType, reason }) =>
                  html`${failureType !== null && html`${clipped(failureType, 40)}: `}${clipped(reason, 240)}`,
                kind: 'words',
              },
            ],
            { label: 'Fits that are missing, with the reason', key: ({ unit }) => unit, maxBytes: 60_000 },
          )}
          ${open.all > open.fits.length && html`<p class="note">${count(open.all - open.fits.length)} more are in the database.</p>`}
        </details>`
      }
      <div class="steps">
        <p>See every cause and its log: <code>npx sevenfold why ${key}</code></p>
        <p>Put right what caused it, then do only what is left: <code>npx sevenfold retry ${key}</code></p>
      </div>`,
  );
}

function causeOf(fits: readonly OpenFit[]): Html {
  const { verdict: word, failureType, reason } = fits[0]!;
  return html`<p class="cause">
    ${verdict(statusTone(word), word)} ${failureType !== null && html`<strong>${failureType}</strong>: `}
    ${reason === null ? 'no reason is noted' : clipped(reason, 400)}<br /><small class="quiet"
      >${plural(fits.length, 'fit')}:
      ${fits
        .slice(0, 4)
        .map(
          (fit, i) => html`${i > 0 && ', '}${clipped(fit.label ?? fit.unit, 40)} fold ${fit.fold}`,
        )}${fits.length > 4 && html` and ${count(fits.length - 4)} more`}</small
    >
  </p>`;
}
