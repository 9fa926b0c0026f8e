import type { Database } from '../../../database/pool.ts';
import { clipped } from '../../../pages/format.ts';
import { html, renderPage } from '../../../pages/page.ts';
import { checksSection } from '../../../pages/sections/checks.ts';
import { auditSection } from './audit.ts';
import { calendarSection } from './calendar.ts';
import { calibrationSection } from './calibration.ts';
import type { BackfillReport } from './content.ts';
import { costSection } from './cost.ts';
import { loadBackfillReport } from './data.ts';
import { fansSection } from './fans.ts';
import { banners, headerOf, kindOf, optionsSection, outcomeOf, rangeWords } from './head.ts';
import { overTimeSection, skillSection } from './skill.ts';
import { forecastStyle } from './style.ts';
import { timelineSection } from './timeline.ts';
import { troublesSection } from './troubles.ts';
import { windowsSection } from './windows.ts';

/**
 * The page of a run of `forecastBackfill`, `trainForecastModels` or `auditForecasts`: one complete HTML document under
 * 1 MB, read from the ledger and the forecasts' tables; only reads. Throws `InvalidInput` where the ledger has no such run.
 */
export async function renderBackfillReport(database: Database, runId: string): Promise<string> {
  return backfillPage(await loadBackfillReport(database, runId));
}

/** The same data gives the same page. A section that has nothing to show is left out. */
export function backfillPage(report: BackfillReport): string {
  const { run } = report;
  const outcome = outcomeOf(report);
  return renderPage({
    title: `${kindOf(report)} · ${report.commodity.key} · ${rangeWords(report)} · ${outcome.word}`,
    banners: banners(report),
    style: forecastStyle,
    header: headerOf(report, outcome),
    sections: [
      troublesSection(report),
      auditSection(report),
      calendarSection(report),
      fansSection(report),
      skillSection(report),
      calibrationSection(report),
      overTimeSection(report),
      timelineSection(report),
      windowsSection(report),
      report.checks.length > 0 ? checksSection(report) : null,
      costSection(report),
      optionsSection(report),
    ],
    footer: html`<p>${clipped(run.key, 160)} · run ${run.runId} · workflow ${clipped(run.workflowId, 120)}</p>
      <p>Every figure on this page was read from the database when it was written.</p>`,
  });
}
