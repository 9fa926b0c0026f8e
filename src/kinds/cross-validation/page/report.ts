import type { Database } from '../../../database/pool.ts';
import { clipped } from '../../../pages/format.ts';
import { html, renderPage } from '../../../pages/page.ts';
import { checksSection } from '../../../pages/sections/checks.ts';
import { choiceSection, foldsSection } from './choice.ts';
import type { CvReport } from './content.ts';
import { loadCvReport } from './data.ts';
import { dataSection, samplesSection, splitsSection } from './dataset.ts';
import { classesSection, heatSection } from './grid.ts';
import { banners, compared, headerOf, outcomeOf } from './head.ts';
import { recordSection } from './record.ts';
import { cvStyle } from './style.ts';
import { calibrationSection, hazardsSection, strataSection, timeSection } from './survival.ts';
import { costSection } from './time.ts';
import { troublesSection } from './troubles.ts';

/**
 * The page of a run of `crossValidation`: one complete HTML document under 1 MB, read from the ledger and the tables of
 * fits; only reads. Throws `InvalidInput` where the ledger has no such run.
 */
export async function renderCvReport(database: Database, runId: string): Promise<string> {
  return cvPage(await loadCvReport(database, runId));
}

/** The same data gives the same page. A section that has nothing to show is left out. */
export function cvPage(report: CvReport): string {
  const { run, request } = report;
  const outcome = outcomeOf(report);
  return renderPage({
    title: `cross-validation · ${clipped(request.name, 60)} · ${compared(report)} · ${outcome.word}`,
    banners: banners(report),
    style: cvStyle,
    header: headerOf(report, outcome),
    sections: [
      troublesSection(report),
      choiceSection(report),
      foldsSection(report),
      strataSection(report),
      calibrationSection(report),
      timeSection(report),
      hazardsSection(report),
      heatSection(report),
      classesSection(report),
      dataSection(report),
      splitsSection(report),
      samplesSection(report),
      costSection(report),
      report.checks.length > 0 ? checksSection(report) : null,
      recordSection(report),
    ],
    footer: html`<p>${clipped(run.key, 160)} · run ${run.runId} · workflow ${clipped(run.workflowId, 120)}</p>
      <p>Every figure on this page was read from the database when it was written.</p>`,
  });
}
