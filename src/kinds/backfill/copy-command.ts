import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { CommandContext } from '../../commands/context.ts';
import { yesterday } from '../../commands/option-values.ts';
import { count } from '../../commands/output.ts';
import { withSession } from '../../commands/session.ts';
import type { Config } from '../../config.ts';
import { resolveConnections } from '../../connections.ts';
import { Failure } from '../../failures.ts';
import { suggestion } from '../../planning/nearest.ts';
import { objectsOf } from '../../objects.ts';
import { copyForecasts } from './copy.ts';
import { lookAtDates, resolveRequest } from './forecasts.ts';
import type { ForecastRequest } from './forecasts.ts';
import { addModelOptions, addPathOptions, readBackfillOptions } from './options.ts';
import type { BackfillOptions } from './options.ts';
import { isPlaceOfSink, sinkNames } from './planning/sink-names.ts';
import type { SinkName } from './planning/sink-names.ts';
import { placeOf } from './sinks/index.ts';
import type { SinkPlace } from './sinks/sink.ts';

type CopyOptions = BackfillOptions & {
  from: string;
  to: string;
  fromPath?: string;
  toPath?: string;
  json?: boolean;
};

/** `copy forecasts`. */
export function registerForecastCopy(copy: Command, context: CommandContext): void {
  addPathOptions(
    addModelOptions(
      copy
        .command('forecasts')
        .description(
          'copy the paths of whole dates into another sink and compare their checksums there; stopped, it goes on where it was',
        ),
    ),
  )
    .requiredOption('--from <sink>', `where they are: ${sinkNames.join(' or ')}`)
    .requiredOption('--to <sink>', `where they go: ${sinkNames.join(' or ')}`)
    .option('--from-path <folder>', 'its folder, for a sink that keeps files')
    .option('--to-path <folder>', 'the same of where they go')
    .option('--json', 'print one JSON object at the end')
    .action((options: CopyOptions) => copyCommand(context, options));
}

async function copyCommand({ config, out }: CommandContext, options: CopyOptions): Promise<void> {
  const input = readBackfillOptions(options);
  const from = placeNamed(config, '--from', options.from, options.fromPath);
  const to = placeNamed(config, '--to', options.to, options.toPath);
  if (from.name === to.name && from.path === to.path) {
    throw new Failure('InvalidInput', `--from and --to are the same place: ${from.path ?? from.name}.`);
  }
  await withSession(config, options.json ? undefined : out, async ({ database }) => {
    const { request, due } = await resolveRequest(database, config.checkout, input, yesterday());
    const held: ForecastRequest = { ...request, sink: from };
    const versions: { version: string; dates: string[] }[] = [];
    const left: { version: string; dates: number }[] = [];
    for await (const { model, dates } of lookAtDates({ database, config }, held, due)) {
      const whole = dates.filter(({ state }) => state === 'complete').map(({ date }) => date);
      versions.push({ version: model.version, dates: whole });
      const partial = dates.filter(({ state }) => state === 'partial').length;
      if (partial > 0) left.push({ version: model.version, dates: partial });
    }
    if (versions.every(({ dates }) => dates.length === 0)) {
      throw new Failure(
        'InvalidInput',
        `${from.path ?? from.name} has no whole date of ${request.commodity} from ${request.start} to ${request.end}: see npx sevenfold coverage.`,
      );
    }
    const { databaseUrl } = await resolveConnections(config);
    const copied = await copyForecasts(
      config,
      databaseUrl,
      { from, to, commodity: request.commodity, paths: request.paths, versions },
      ({ version, done, of }) =>
        options.json || out.live([`  ${version}: ${count(done)} of ${count(of)} dates`]),
    );
    if (options.json) {
      out.json({ status: 'complete', from, to, copied, left });
      return;
    }
    for (const { version, dates, copied: now, there, sha256 } of copied) {
      out.line(
        `${version}: ${count(dates)} dates in ${to.path ?? to.name}, ${count(now)} copied, ${count(there)} were there · sha256 ${sha256} in both`,
      );
    }
    for (const { version, dates } of left) {
      out.line(`${version}: ${count(dates)} dates are not whole and were left`);
    }
  });
}

function placeNamed(config: Config, option: string, name: string, path: string | undefined): SinkPlace {
  if (!(sinkNames as readonly string[]).includes(name)) {
    throw new Failure(
      'InvalidInput',
      `${option} is "${name.slice(0, 60)}", but must be ${sinkNames.join(' or ')}. ${suggestion(name, sinkNames)}`,
    );
  }
  const sinkPath = path === undefined || isPlaceOfSink(path) ? path : resolve(path);
  return placeOf({ sink: name as SinkName, sinkPath }, config.sink, objectsOf(config, config.mode));
}
