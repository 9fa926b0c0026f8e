import { isSampleKey } from '../../planning/dataset-key.ts';
import { dailyPriority } from '../../planning/priorities.ts';
import type { Kind, Phase } from '../kind.ts';
import { bySql, pageIsThere, phasesByName } from '../phase.ts';
import { dayOf, fixedDay, refusalOf } from '../start.ts';
import { phaseStatement } from '../statement.ts';
import { datasetKey, parseDailyInput, runKey } from './input.ts';
import type { DailyInput } from './input.ts';
import type { DailyPhase } from './phases.ts';
import { approvalInWords, explainApproval, readApproval } from './proposal.ts';
import { reads } from './reads.ts';
import { countsOfDay, figuresOfDay, outcomeOfDay, remarksOnSource } from './record.ts';
import type { Outcome } from './record.ts';

const sql = (name: string) => bySql(new URL(`sql/${name}.sql`, import.meta.url));

export const phases: Record<DailyPhase, Phase> = {
  prepare: { reads: reads.prepare, whole: sql('prepare') },
  fetch: { reads: reads.fetch, whole: sql('fetch') },
  ingest: { reads: reads.ingest, whole: sql('ingest') },
  prefilter: { reads: reads.prefilter, whole: sql('prefilter') },
  metrics: { reads: reads.metrics, whole: sql('metrics') },
  forecast: { reads: reads.forecast, whole: sql('forecast') },
  filter: { reads: reads.filter, whole: sql('filter') },
  allocate: { reads: reads.allocate, whole: sql('allocate') },
  approval: { reads: reads.approval, whole: sql('approval') },
  report: { reads: reads.report, whole: pageIsThere },
};

/** One day of one data set of pools, from its files to a decision. */
export const daily: Kind = {
  name: 'dailyPipeline',
  title: 'daily pipeline',
  priority: dailyPriority,
  refusal: (input) => fixedDay('dailyPipeline', input) ?? refusalOf(parseDailyInput(input)),
  takesDataset: true,
  scheduledKey: (input, nominalTime) => runKey(input as unknown as DailyInput, dayOf(nominalTime)),
  isSample: (input) => isSampleKey(datasetKey(input as unknown as DailyInput)),
  phase: phasesByName(phases),
  counts: countsOfDay,
  statement: async (database, run, ending) => {
    const { pools, poolsPassed, poolsForecast, poolsHeld, transactions } = ending.counts;
    const approval = approvalInWords(await readApproval(database, run.runId));
    const made = `${poolsPassed} of ${pools} pools passed, ${poolsForecast} forecast, ${poolsHeld} held after ${transactions} transactions${approval === undefined ? '' : `; ${approval}`}`;
    return phaseStatement(run, ending, made);
  },
  explain: (database, run) => explainApproval(database, run),
  finish: async (database, run, counts) => ({
    title: `daily ${run.date}`,
    figures: await figuresOfDay(database, run, counts),
    remarks: await remarksOnSource(database, run),
  }),
  page: async (database, run) => {
    const [{ loadDailyReport }, { renderDailyReport }] = await Promise.all([
      import('./page/data.ts'),
      import('./page/report.ts'),
    ]);
    return renderDailyReport(await loadDailyReport(database, run.runId));
  },
  message: {
    outcome: async (database, run) => (isSampleKey(run.dataset) ? undefined : outcomeOfDay(database, run)),
    build: async (database, run, outcome) => {
      const [{ loadDailyReport }, { slackMessage }] = await Promise.all([
        import('./page/data.ts'),
        import('./slack-message.ts'),
      ]);
      return slackMessage(await loadDailyReport(database, run.runId), outcome as Outcome);
    },
  },
};
