import { resolve } from 'node:path';
import { exportRows } from '../../exports/write.ts';
import type { Exported, ExportPlace, ExportTarget } from '../../exports/write.ts';
import { Failure } from '../../failures.ts';
import { objectsOf } from '../../objects.ts';
import { suggestion } from '../../planning/nearest.ts';
import type { World } from '../kind.ts';
import { isPlaceOfSink, sinkNames } from './planning/sink-names.ts';
import type { SinkName } from './planning/sink-names.ts';
import { placeOf } from './sinks/index.ts';

/** Which paths are written, as the command line says it. */
export interface ExportedPaths {
  commodity?: string;
  /** Model versions; left out: all. */
  models?: string[];
  sink?: string;
  sinkPath?: string;
}

/** Writes paths of a series to a CSV or Parquet file, from the sink that holds them; the same rows make the same file. */
export async function exportPaths(
  { database, config }: World,
  asked: ExportedPaths & ExportTarget & { from: string | undefined; to: string | undefined },
  place: ExportPlace,
  onProgress: (so: Exported) => void,
): Promise<Exported> {
  const { sink, sinkPath, from, to, file, force } = asked;
  if (sink !== undefined && !(sinkNames as readonly string[]).includes(sink)) {
    throw new Failure(
      'InvalidInput',
      `--sink is "${sink.slice(0, 60)}", but must be ${sinkNames.join(' or ')}. ${suggestion(sink, sinkNames)}`,
    );
  }
  const where = placeOf(
    {
      sink: sink as SinkName | undefined,
      sinkPath: sinkPath === undefined || isPlaceOfSink(sinkPath) ? sinkPath : resolve(sinkPath),
    },
    config.sink,
    objectsOf(config, config.mode),
  );
  const commodity = asked.commodity ?? '';
  // Every version that was ever forecast has metadata, whatever its sink; its dates are bounds of those to be read.
  const { rows } = await database.query<{ version: string; first: string; last: string; paths: number }>(
    `select model_version as version, min(forecast_start_date) as first, max(forecast_start_date) as last,
            max(paths) as paths
       from forecast_metadata where commodity = $1 group by 1 order by 1`,
    [commodity],
  );
  if (rows.length === 0)
    throw new Failure('InvalidInput', `There are no forecasts of "${commodity.slice(0, 60)}" yet.`);
  const known = rows.map(({ version }) => version);
  for (const model of asked.models ?? []) {
    if (!known.includes(model))
      throw new Failure(
        'InvalidInput',
        `There are no forecasts of ${commodity} by "${model.slice(0, 60)}". ${suggestion(model, known)}`,
      );
  }
  const chosen = rows.filter(({ version }) => asked.models?.includes(version) ?? true);
  const paths = {
    sink: where,
    commodity,
    versions: chosen.map(({ version }) => version),
    first: from ?? chosen.map(({ first }) => first).sort()[0]!,
    last:
      to ??
      chosen
        .map(({ last }) => last)
        .sort()
        .at(-1)!,
    aDate: Math.max(...chosen.map((each) => each.paths)),
  };
  return exportRows({ paths }, { file, force }, place, onProgress);
}
