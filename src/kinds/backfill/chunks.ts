import type { OpenedChunk } from '../../ledger/chunks.ts';
import type { Run } from '../../ledger/runs.ts';
import { readThroughput } from '../../ledger/throughput.ts';
import { effectiveEngine, objectsOf } from '../../objects.ts';
import { chunkSize, windowsOfABatch } from '../../planning/chunks.ts';
import type { Day } from '../../planning/days.ts';
import { loadPriceSettings } from '../../prices/settings.ts';
import type { World } from '../kind.ts';
import { requestOf } from './forecasts.ts';
import type { BackfillInput } from './input.ts';
import type { ForecastUnit } from './phases.ts';
import { minimumHistory } from './planning/dates.ts';
import { usualOfSink } from './planning/plan.ts';
import { sinkNames } from './planning/sink-names.ts';
import { sinkAt } from './sinks/index.ts';

/** How many windows or dates go into one batch. */
export async function forecastChunkSize(
  { database, config }: World,
  run: Run,
  unit: ForecastUnit,
): Promise<number> {
  const request = requestOf(run);
  if (unit === 'train') return windowsOfABatch;
  const asked = run.input['chunk'] as BackfillInput['chunk'];
  const engine = effectiveEngine(config, run.engine);
  const sink = request.sink?.name ?? sinkNames[0];
  return chunkSize(asked, request.paths, await readThroughput(database, engine, sink, usualOfSink[sink]));
}

/** What the batch of a chunk of windows or dates is asked. */
export function forecastChunk(
  { config }: Pick<World, 'config'>,
  run: Run,
  unit: ForecastUnit,
  opened: OpenedChunk,
): { job: 'forecast_train' | 'forecast_infer' | 'forecast_audit'; input: Record<string, unknown> } {
  const request = requestOf(run);
  const common = {
    commodity: request.commodity,
    calendar: request.calendar,
    trainFrequency: request.trainFrequency,
    objectFolder: objectsOf(config, run.engine),
    settings: loadPriceSettings(config.checkout, request.commodity),
  };
  if (unit === 'train') return { job: 'forecast_train', input: { ...common, ...windowsOf(run, opened) } };
  const version = opened.units[0]!.modelVersion;
  const model = request.models.find((each) => each.version === version)!;
  return {
    job: unit === 'infer' ? 'forecast_infer' : 'forecast_audit',
    input: {
      ...common,
      model: model.key,
      modelVersion: model.version,
      trainVersion: model.fitVersion,
      paths: request.paths,
      horizon: request.horizon,
      seed: request.seed,
      draw: request.draw,
      ...(request.sink && { sink: request.sink }),
      taskDates: sinkAt(config, request.sink).datesOfATask(request.paths),
      windows: datesByWindow(opened),
    },
  };
}

function windowsOf(run: Run, { units }: OpenedChunk): Record<string, unknown> {
  const models = new Map(requestOf(run).models.map((model) => [model.version, model]));
  return {
    replace: run.input['retrain'] === true || run.input['redo'] !== undefined,
    minimumRows: minimumHistory,
    windows: units.map(({ modelVersion, date }) => ({
      model: models.get(modelVersion)!.key,
      trainVersion: models.get(modelVersion)!.fitVersion,
      modelVersion,
      trainingDate: date,
    })),
  };
}

function datesByWindow({ units }: OpenedChunk): { trainingDate: Day; dates: Day[] }[] {
  const windows: { trainingDate: Day; dates: Day[] }[] = [];
  for (const { date, trainingDate } of units) {
    const last = windows.at(-1);
    if (last?.trainingDate === trainingDate) last.dates.push(date);
    else windows.push({ trainingDate, dates: [date] });
  }
  return windows;
}
