import type { Command } from 'commander';
import type { CommandContext } from '../../commands/context.ts';
import { yesterday } from '../../commands/option-values.ts';
import { count } from '../../commands/output.ts';
import type { Output } from '../../commands/output.ts';
import { withSession } from '../../commands/session.ts';
import type { Config } from '../../config.ts';
import { resolveConnections } from '../../connections.ts';
import type { Day } from '../../planning/days.ts';
import { readChecksums } from './checksum.ts';
import type { Checksum } from './checksum.ts';
import { readCoverage, resolveRequest, withSink } from './forecasts.ts';
import type { Coverage, ForecastRequest } from './forecasts.ts';
import { addBackfillOptions, readBackfillOptions } from './options.ts';
import type { BackfillOptions } from './options.ts';
import { rangesOf, rangeText, shortHistory } from './planning/dates.ts';

export function register(program: Command, { config, out }: CommandContext): void {
  addBackfillOptions(
    program
      .command('coverage')
      .description(
        'count the forecasts that are there against those that are due; exit code 0 only when all are',
      ),
  )
    .option('--checksum', 'read every path too and say the sha256 over them: the same in every sink')
    .option('--json', 'print one JSON object')
    .action(async (options: BackfillOptions & { checksum?: boolean; json?: boolean }) => {
      await withSession(config, options.json ? undefined : out, async ({ database }) => {
        const input = readBackfillOptions(options);
        const {
          request: asked,
          due,
          openDays,
        } = await resolveRequest(database, config.checkout, input, yesterday());
        const request = withSink(config, config.mode, asked, input);
        const covered = await readCoverage({ database, config }, request, due, openDays);
        const checksums = options.checksum ? await checksumsOf(config, request) : undefined;
        const calendar = due.map(({ date }) => date);
        const nothing = shortHistory(openDays, due);
        if (
          nothing !== undefined ||
          covered.some((each) => each.complete < each.expected || each.partial.length > 0)
        ) {
          process.exitCode = 1;
        }
        if (options.json)
          out.json({ ...asJson(request, covered, calendar), ...(checksums && { checksums }) });
        else for (const each of covered) show(out, each, calendar);
        for (const { version, dates, rows, sha256 } of options.json ? [] : (checksums ?? [])) {
          out.line(`${version}: sha256 ${sha256} over ${count(rows)} paths of ${count(dates)} dates`);
        }
        if (nothing !== undefined && !options.json)
          out.line(`Nothing can be made: ${request.commodity} ${nothing}.`);
      });
    });
}

async function checksumsOf(config: Config, request: ForecastRequest): Promise<Checksum[]> {
  const { commodity, models, start, end, paths, sink } = request;
  const { databaseUrl } = await resolveConnections(config);
  const versions = models.map(({ version }) => version);
  return readChecksums(config, databaseUrl, { sink, commodity, versions, first: start, last: end, paths });
}

function asJson(
  { commodity, start, end }: { commodity: string; start: Day; end: Day },
  covered: readonly Coverage[],
  calendar: readonly Day[],
): object {
  return {
    commodity,
    start,
    end,
    models: covered.map(({ partial, missing, extra, changed, skipped, ...counted }) => ({
      ...counted,
      coverage: counted.expected === 0 ? 0 : counted.complete / counted.expected,
      partial: rangesOf(partial, calendar),
      missing: rangesOf(missing, calendar),
      extra: rangesOf(extra, extra),
      changed: rangesOf(changed, calendar),
      skipped: rangesOf(skipped, calendar),
    })),
  };
}

/** Ranges of one kind that are listed; `--json` has them all. */
const listed = 12;

function show(out: Output, each: Coverage, calendar: readonly Day[]): void {
  const share = each.expected === 0 ? 0 : each.complete / each.expected;
  // Never rounded up to what is not there.
  const percent = (Math.floor(share * 10_000) / 100).toFixed(2);
  out.line(
    `${each.modelVersion}: ${count(each.complete)} of ${count(each.expected)} dates complete (${percent} %), ` +
      `${count(each.rows)} of ${count(each.rowsExpected)} rows`,
  );
  const lines: [string, Day[], readonly Day[]][] = [
    ['partial', each.partial, calendar],
    ['missing', each.missing, calendar],
    ['changed since (--redo changed)', each.changed, calendar],
    ['extra', each.extra, each.extra],
    ['skipped, too little history', each.skipped, calendar],
  ];
  for (const [name, days, all] of lines) {
    if (days.length === 0) continue;
    const ranges = rangesOf(days, all);
    const more = ranges.length > listed ? `, and ${ranges.length - listed} more ranges` : '';
    out.line(
      `  ${name}: ${count(days.length)} · ${ranges.slice(0, listed).map(rangeText).join(', ')}${more}`,
    );
  }
}
