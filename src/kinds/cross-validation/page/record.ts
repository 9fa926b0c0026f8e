/** Everything that changes a figure: seeds, threads, versions, hashes, parameters, settings. */
import { figure } from '../../../pages/figures.ts';
import { clipped, count, moment, seconds } from '../../../pages/format.ts';
import { html, section, table } from '../../../pages/page.ts';
import type { Fragment, Html } from '../../../pages/page.ts';
import { pairs, plural, unbroken } from '../../../pages/sections/common.ts';
import { listed } from './board.ts';
import { plainValue } from './choice.ts';
import type { CvReport, Fit } from './content.ts';
import { measureOf } from './measures.ts';

type Pair = [term: Fragment, said: Fragment];

export function recordSection(report: CvReport): Html {
  const { run, request, data, fits, selection } = report;
  const versions = [
    ...new Map([
      ...Object.entries(data?.versions ?? {}),
      ...fits.flatMap(({ versions: of }) => Object.entries(of)),
    ]),
  ]
    .filter(([, version]) => typeof version === 'string' || typeof version === 'number')
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const settings = { ...data?.settings, ...request.settings };
  const models = request.models.length > 0 ? request.models : uniqueModels(fits);
  const shown = new Set(listed(report).map(({ label }) => label));
  const described = models.length <= 20 ? models : models.filter(({ label }) => shown.has(label));
  const notes = notesOf(fits);
  return section(
    'Record',
    html`All that changes a figure. The same record gives the same figures; start
    ${figure('runs.attempt', run.attempt, count(run.attempt))} of ${unbroken(moment(run.claimedAt))}.`,
    html`${pairs([
      request.seed !== null && ['seed', figure('request.seed', request.seed, request.seed)],
      request.threads !== null && [
        'threads a fit',
        figure('request.threads', request.threads, count(request.threads)),
      ],
      request.runType !== '' && ['run type', clipped(request.runType, 20)],
      report.plan !== null && ['mode', report.plan.mode],
      request.splitter !== '' && ['splitter', clipped(request.splitter, 20)],
      ['decided by', measureOf(request.metric).name],
      selection !== null && ['decided at', unbroken(moment(selection.selectedAt))],
      data !== null && ['data version', hash(data.dataVersion)],
      data !== null && ['prepared', html`${unbroken(moment(data.preparedAt))}, in ${seconds(data.seconds)}`],
      data !== null && ['folds, sha256', hash(data.membershipSha256)],
      request.sourceSha256 !== null && ['source, sha256', hash(request.sourceSha256)],
      data !== null && ['rules, version', count(data.resultVersion)],
      data !== null && ['arrays', html`<code class="id">${clipped(data.objectRoot, 160)}</code>`],
      ...versions.map(([name, version]): Pair => [
        clipped(name, 40),
        figure('version', String(version), clipped(String(version), 40), name),
      ]),
    ])}
    ${
      Object.keys(settings).length > 0 &&
      html`<details>
        <summary>Settings</summary>
        ${pairs(
          Object.entries(settings)
            .filter(([, value]) => value !== null && value !== undefined)
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .slice(0, 60)
            .map(([name, value]): Pair => [clipped(name, 40), clipped(written(value), 160)]),
        )}
      </details>`
    }
    ${
      described.length > 0 &&
      html`<details>
        <summary>Parameters</summary>
        ${table(
          described,
          [
            { heading: 'Candidate', cell: ({ label }) => clipped(label, 48), kind: 'key' },
            { heading: 'Model', cell: ({ model }) => clipped(model, 32), kind: 'key' },
            { heading: 'Parameters', cell: ({ params }) => clipped(paramWords(params), 500), kind: 'words' },
            { heading: 'Hash', cell: ({ paramsHash }) => hash(paramsHash), kind: 'key' },
          ],
          { label: 'Parameters of the candidates', key: ({ label }) => label, maxBytes: 60_000 },
        )}
        ${models.length > described.length && html`<p class="note">Of the ${plural(described.length, 'set')} in the comparison; all ${count(models.length)} are in the database.</p>`}
      </details>`
    }
    ${
      notes.length > 0 &&
      html`<details>
        <summary>${plural(notes.length, 'remark')} of the fits</summary>
        ${notes.slice(0, 30).map(([note, labels]) => html`<p class="note">${clipped(labels, 120)}: ${clipped(note, 300)}</p>`)}
      </details>`
    }`,
  );
}

function hash(text: string): Html {
  return html`<code class="id">${clipped(text, 64)}</code>`;
}

function written(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map(plainValue).join(', ');
  return plainValue(value);
}

function paramWords(params: Record<string, unknown>): string {
  const pairs = Object.entries(params).map(([name, value]) => `${name} ${plainValue(value)}`);
  return pairs.length === 0 ? 'none' : pairs.join(', ');
}

function uniqueModels(fits: readonly Fit[]) {
  return [...new Map(fits.map((fit) => [fit.label, fit])).values()];
}

/** Each remark once, with whom it is about. */
function notesOf(fits: readonly Fit[]): [note: string, labels: string][] {
  const notes = new Map<string, Set<string>>();
  for (const { label, notes: of } of fits) {
    for (const note of of) notes.set(String(note), (notes.get(String(note)) ?? new Set<string>()).add(label));
  }
  return [...notes].map(([note, labels]) => [
    note,
    labels.size > 4
      ? `${[...labels].slice(0, 4).join(', ')} and ${labels.size - 4} more`
      : [...labels].join(', '),
  ]);
}
