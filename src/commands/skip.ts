import type { Command } from 'commander';
import { Failure } from '../failures.ts';
import type { SkipInput } from '../kinds/backfill/skip-input.ts';
import { kindOf } from '../kinds/index.ts';
import { skipDates } from '../ledger/chunks.ts';
import { shown } from '../planning/legible.ts';
import type { CommandContext } from './context.ts';
import { finishRun } from './finish.ts';
import { rangeOf } from './option-values.ts';
import { chooseRun, withSession } from './session.ts';
import { startAgain, startAndFollow } from './start-run.ts';
import { askWorkflow, isWorkedOn, openWorkflow } from './steer.ts';

interface SkipOptions {
  dates: string[];
  reason: string;
  json?: boolean;
}

export function register(program: Command, { config, out }: CommandContext): void {
  program
    .command('skip')
    .argument('[run]', 'key or workflow id; the newest run when left out')
    .description('leave dates out of a backfill, with a reason; the run is then closed without them')
    .requiredOption('--dates <range...>', 'days or ranges, for example 2021-03-02 or 2021-03-02..2021-03-05')
    .requiredOption('--reason <text>', 'why; it stands in the statement and on the page')
    .option('--json', 'print one JSON object at the end')
    .action(async (named: string | undefined, options: SkipOptions) => {
      const skipped = read(options);
      const shown = options.json ? undefined : out;
      await withSession(config, shown, async (session) => {
        const run = await chooseRun(session.database, named);
        if (kindOf(run).skippable !== 'date') {
          throw new Failure('InvalidInput', `${run.key} has no dates that could be skipped.`);
        }
        if (await isWorkedOn(session, run)) {
          const answer = await askWorkflow(run, async () =>
            (await openWorkflow(session, run)).executeUpdate<string, [SkipInput]>('skip', {
              args: [skipped],
            }),
          );
          if (options.json)
            out.json({ workflowId: run.workflowId, runId: run.runId, status: 'accepted', answer });
          else out.line(answer);
          return;
        }
        const dates = await skipDates(session.database, run.runId, skipped.ranges, skipped.reason);
        if (dates === 0) {
          throw new Failure(
            'InvalidInput',
            `Nothing of ${run.key} is open on ${options.dates.join(', ')}. See: npx sevenfold why ${run.key}`,
          );
        }
        shown?.line(`${dates} dates are left out: ${skipped.reason}`);
        const started = await startAndFollow(session, shown, startAgain(run));
        await finishRun({ config, out }, session, started, options.json === true);
      });
    });
}

function read({ dates, reason }: SkipOptions): SkipInput {
  if (reason.trim() === '') {
    throw new Failure('InvalidInput', '--reason is empty: say why the dates are left out.');
  }
  const ranges = dates
    .flatMap((text) => text.split(','))
    .map((text) => {
      const [first, last = first, ...more] = text.split('..');
      if (more.length > 0) {
        throw new Failure(
          'InvalidInput',
          `--dates has ${shown(text)}, but must be days as YYYY-MM-DD or ranges as YYYY-MM-DD..YYYY-MM-DD.`,
        );
      }
      const range = rangeOf(['--dates', first], ['--dates', last]);
      return { first: range.from!, last: range.to! };
    });
  return { ranges, reason };
}
