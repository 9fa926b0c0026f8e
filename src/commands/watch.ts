import type { Command } from 'commander';
import { isOpenStatus, readRun } from '../ledger/runs.ts';
import type { CommandContext } from './context.ts';
import { finishRun } from './finish.ts';
import { follow } from './follow.ts';
import { chooseRun, withSession } from './session.ts';
import { leaveGoing } from './start-run.ts';
import { failWhenEndedOutside } from './steer.ts';

export function register(program: Command, { config, out }: CommandContext): void {
  program
    .command('watch')
    .argument('[run]', 'key or workflow id; the newest run when left out')
    .description('watch a run to its end; reads the ledger only, so it works without a worker')
    .option('--json', 'print one JSON object at the end')
    .action(async (named: string | undefined, options: { json?: boolean }) => {
      const shown = options.json ? undefined : out;
      await withSession(config, shown, async (session) => {
        const chosen = await chooseRun(session.database, named);
        shown?.line(chosen.key);
        const stopHint = leaveGoing(shown, chosen.key);
        const run = await follow(
          session,
          shown,
          () => readRun(session.database, chosen.runId),
          (found) => found !== undefined && !isOpenStatus(found.status),
          { open: failWhenEndedOutside(session, shown) },
        );
        stopHint();
        await finishRun(
          { config, out },
          session,
          { run: run!, alreadyComplete: false },
          options.json === true,
        );
      });
    });
}
