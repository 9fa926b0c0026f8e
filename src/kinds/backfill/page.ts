import type { Kind } from '../kind.ts';

/** Loaded when a page is written: the charts are large. */
export const pageOfForecasts: NonNullable<Kind['page']> = async (database, run) => {
  const { renderBackfillReport } = await import('./page/report.ts');
  return renderBackfillReport(database, run.runId);
};
