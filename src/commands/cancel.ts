import type { Command } from 'commander';
import { isOpenStatus, readRun } from '../ledger/runs.ts';
import type { CommandContext } from './context.ts';
import { follow } from './follow.ts';
import { chooseRun, withSession } from './session.ts';
import { askWorkflow, openWorkflow } from './steer.ts';

export function register(program: Command, { config, out }: CommandContext): void {
  program
    .command('cancel')
    .argument('[run]', 'key or workflow id; the newest run when left out')
    .description('end a run and everything it has running; answers when it is gone')
    .option('--json', 'print one JSON object at the end')
    .action(async (named: string | undefined, options: { json?: boolean }) => {
      await withSession(config, options.json ? undefined : out, async (session) => {
        const chosen = await chooseRun(session.database, named);
        await askWorkflow(chosen, async () => (await openWorkflow(session, chosen)).cancel());
        const run = await follow(
          session,
          undefined,
          () => readRun(session.database, chosen.runId),
          (found) => found !== undefined && !isOpenStatus(found.status),
        );
        const { workflowId, runId, status, statement } = run!;
        if (options.json) out.json({ workflowId, runId, status, statement });
        else out.line(statement ?? `${chosen.key} is ${status}.`);
        // A run that ended by itself before the cancel reached it was not cancelled.
        if (status !== 'cancelled') process.exitCode = 1;
      });
    });
}
