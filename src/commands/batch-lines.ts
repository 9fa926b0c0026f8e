import type { Config } from '../config.ts';
import type { EventLogSummary } from '../engines/event-log.ts';
import { placeOfLog } from '../engines/logs.ts';
import type { BatchRecord } from '../ledger/batch-record.ts';
import type { Cost } from '../planning/cost.ts';
import { count } from './output.ts';
import type { Output } from './output.ts';
import { writeTable } from './table.ts';

const unknown = '-';

/** Everything about one batch, for a reader. */
export function showBatch(out: Output, config: Config, batch: BatchRecord): void {
  const line = (name: string, parts: readonly (string | undefined)[]): void => {
    const text = parts.filter((part) => part !== undefined && part !== '').join(' · ');
    if (text !== '') out.line(`${name.padEnd(11)}${text}`);
  };
  const { remote, resources, dataAnalysis: data, progress } = batch;
  out.line([batch.batchId, batch.job, batch.state].join(' · '));
  if (batch.stateMessage !== null) {
    line('message', [[batch.errorType, batch.stateMessage].filter(Boolean).join(': ')]);
  }
  line('run', [
    batch.runKey,
    batch.runStatus,
    batch.unit,
    `attempt ${batch.attempt}`,
    batch.watchers > 1 ? `taken up ${batch.watchers} times` : undefined,
  ]);
  line('engine', [
    batch.engine,
    remote.batchName,
    remote.appId,
    remote.runtimeVersion,
    remote.containerImage,
  ]);
  if (batch.fallbackFrom !== null) {
    line('fallback', [
      `${batch.fallbackFrom} was asked for: ${batch.fallbackReason ?? 'no reason is noted'}`,
    ]);
  }
  if (data) {
    line('data', [
      data.category,
      `${count(data.rows)} rows`,
      `${size(data.totalMb)} MB`,
      data.error ?? `by: ${data.estimateSource}`,
    ]);
  }
  if (resources) {
    line('resources', [
      `${resources.executors} executors of ${resources.executorCores} cores and ${size(resources.executorMemoryGb)} GB`,
      `driver of ${resources.driverCores} cores and ${size(resources.driverMemoryGb)} GB`,
      `rule ${resources.rule}`,
      resources.memoryFactor > 1 ? `memory × ${resources.memoryFactor}` : undefined,
    ]);
  }
  if (progress) line('progress', [`${count(progress.done)} of ${count(progress.total)}`, progress.note]);
  for (const [index, { state, at, message }] of history(batch).entries()) {
    line(index === 0 ? 'states' : '', [`${at.slice(0, 19).replace('T', ' ')} ${state}`, message]);
  }
  if (batch.usage) {
    const { seconds, cpuSeconds, peakMb } = batch.usage;
    line('used', [`${size(seconds)} s`, `${size(cpuSeconds)} s of CPU`, `at most ${count(peakMb)} MB`]);
  }
  if (batch.eventLog) line('Spark', sparkText(batch.eventLog));
  line('log', [placeOfLog(config, batch) ?? 'not known yet']);
  if (batch.costEstimate ?? batch.costActual) {
    out.line('');
    writeTable(out, ['cost', 'estimate', 'actual'], costRows(batch.costEstimate, batch.costActual));
    const rates = batch.costActual?.rates ?? batch.costEstimate?.rates;
    if (rates !== undefined) out.line(`rates: ${rates}`);
  }
}

/** Older batches have no history, only the times of three states. */
function history(batch: BatchRecord): { state: string; at: string; message?: string }[] {
  if (batch.stateHistory.length > 0) return batch.stateHistory;
  const at = (state: string, time: Date | null) => (time === null ? [] : [{ state, at: time.toISOString() }]);
  return [
    ...at('SUBMITTED', batch.submittedAt),
    ...at('RUNNING', batch.startedAt),
    ...at(batch.state, batch.finishedAt),
  ];
}

function sparkText(log: EventLogSummary): string[] {
  return [
    `${count(log.stages)} stages`,
    `${count(log.tasks)} tasks${log.failedTasks > 0 ? `, ${count(log.failedTasks)} failed` : ''}`,
    log.offeredCoreSeconds > 0
      ? `${size(log.cpuSeconds)} s of ${size(log.offeredCoreSeconds)} core seconds used (${Math.round(log.cpuShare * 100)} %)`
      : `${size(log.cpuSeconds)} s of CPU`,
    ...(log.peakExecutorMb > 0 ? [`an executor held ${count(log.peakExecutorMb)} MB`] : []),
    `${size(log.shuffleMb)} MB shuffled`,
  ];
}

function costRows(estimate: Cost | null, actual: Cost | null): string[][] {
  const rows: [string, (cost: Cost) => number | undefined, (value: number) => string][] = [
    ['US dollars', ({ usd }) => usd, usd],
    ['seconds', ({ seconds }) => seconds, size],
    ['core seconds', ({ coreSeconds }) => coreSeconds, size],
    ['GB seconds', ({ gbSeconds }) => gbSeconds, size],
    ['DCU hours', ({ dcuHours }) => dcuHours, small],
    ['GB months', ({ gbMonths }) => gbMonths, small],
  ];
  return rows.flatMap(([name, of, write]) => {
    const values = [estimate, actual].map((cost) => (cost === null ? undefined : of(cost)));
    return values.every((value) => value === undefined)
      ? []
      : [[name, ...values.map((value) => (value === undefined ? unknown : write(value)))]];
  });
}

/** A batch costs cents, or nothing. */
export function usd(value: number): string {
  return value === 0 || value >= 100 ? value.toFixed(2) : value.toFixed(4);
}

function size(value: number): string {
  return value >= 100 ? count(Math.round(value)) : String(Number(value.toFixed(value >= 10 ? 1 : 2)));
}

function small(value: number): string {
  return String(Number(value.toPrecision(3)));
}
