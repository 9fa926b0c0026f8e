import type { Database } from '../../../database/pool.ts';
import { clipped, count } from '../../../pages/format.ts';
import { html, renderPage, section, verdict } from '../../../pages/page.ts';
import type { Html } from '../../../pages/page.ts';
import { checksSection } from '../../../pages/sections/checks.ts';
import { cvStyle } from '../../cross-validation/page/style.ts';
import { clusterChoiceSection, clustersSection } from './clusters.ts';
import { choiceSection, trialsSection } from './choice.ts';
import { loadTrainingReport } from './data.ts';
import type { TrainingReport } from './data.ts';
import { dataSection, warningsSection } from './dataset.ts';
import { driftSection, testSection } from './evaluation.ts';
import { explanationSection } from './explanation.ts';
import { banners, headerOf, outcomeOf } from './head.ts';
import { recordSection, scoringSection, timeSection } from './record.ts';

/**
 * The page of a run of `trainModel`: one complete HTML document under 1 MB, read from the ledger and the tables of
 * training; only reads. Throws `InvalidInput` where the ledger has no such run.
 */
export async function renderTrainingReport(database: Database, runId: string): Promise<string> {
  return trainingPage(await loadTrainingReport(database, runId));
}

/** The same data gives the same page. A section that has nothing to show is left out. */
export function trainingPage(report: TrainingReport): string {
  const { run, request } = report;
  const outcome = outcomeOf(report);
  return renderPage({
    title: `training · ${clipped(request.name, 60)} · ${outcome.word}`,
    banners: banners(report),
    style: cvStyle,
    header: headerOf(report, outcome),
    sections: [
      missingSection(report),
      warningsSection(report),
      testSection(report),
      clustersSection(report),
      report.data?.task === 'clustering' ? clusterChoiceSection(report) : choiceSection(report),
      explanationSection(report),
      driftSection(report),
      report.data?.task === 'clustering' ? null : trialsSection(report),
      scoringSection(report),
      dataSection(report),
      timeSection(report),
      report.checks.length > 0 ? checksSection(report) : null,
      recordSection(report),
    ],
    footer: html`<p>${clipped(run.key, 160)} · run ${run.runId} · workflow ${clipped(run.workflowId, 120)}</p>
      <p>Every figure on this page was read from the database when it was written.</p>`,
  });
}

/** Null where nothing is missing. */
function missingSection({ missing, phases, run }: TrainingReport): Html | null {
  const failed = phases.filter((phase) => phase.verdict === 'failed');
  const left = missing.filter(({ reason }) => reason !== null);
  if (left.length + failed.length === 0) return null;
  return section(
    'What is missing',
    'A model that lacks a fit is not compared while it may still be made.',
    html`${left.map(({ model, fits, verdict: word, reason }) => html`<p class="cause">${verdict('bad', word)} ${count(fits)} of ${model}: ${clipped(reason, 400)}</p>`)}
      ${failed.map(({ unit, reason }) => html`<p class="cause">${verdict('bad', unit)} ${clipped(reason, 400)}</p>`)}
      <div class="steps">
        <p><code>npx sevenfold why ${clipped(run.key, 160)}</code></p>
        <p><code>npx sevenfold retry ${clipped(run.key, 160)}</code></p>
      </div>`,
  );
}
