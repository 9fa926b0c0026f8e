import type { Command } from 'commander';
import { isOpenStatus, readRun } from '../ledger/runs.ts';
import { closeLeftOpen } from './close-run.ts';
import type { CommandContext } from './context.ts';
import { follow } from './follow.ts';
import { chooseRun, withSession } from './session.ts';
import { askWorkflow, isLeftOpen, lookInTemporal, openWorkflow } from './steer.ts';
import { failWhenNobodyWorks } from './workers.ts';

export function register(program: Command, { config, out }: CommandContext): void {
  program
    .command('cancel')
    .argument('[run]', 'key or workflow id; the newest run when left out')
    .description('end a run and everything it has running; answers when it is gone')
    .option('--json', 'print one JSON object at the end')
    .action(async (named: string | undefined, options: { json?: boolean }) => {
      await withSession(config, options.json ? undefined : out, async (session) => {
        const chosen = await chooseRun(session.database, named);
        const handle = await openWorkflow(session, chosen);
        if (await isLeftOpen(session, chosen)) await closeLeftOpen(config, session, chosen);
        else {
          await askWorkflow(chosen, () => handle.cancel());
          await followToEnd(chosen.runId).catch(async (error: unknown) => {
            // It ended between the two looks, and left its row: then it is closed from here.
            if (!(await isLeftOpen(session, chosen))) throw error;
            await closeLeftOpen(config, session, chosen);
          });
        }
        const { workflowId, runId, status, statement } = await readRun(session.database, chosen.runId);
        if (options.json) out.json({ workflowId, runId, status, statement });
        else out.line(statement ?? `${chosen.key} is ${status}.`);
        // A run that ended by itself before the cancel reached it was not cancelled.
        if (status !== 'cancelled') process.exitCode = 1;

        async function followToEnd(id: string): Promise<void> {
          const nobody = failWhenNobodyWorks(await session.temporal(), `The cancel of ${chosen.key}`);
          const began = performance.now();
          await follow(
            session,
            undefined,
            () => readRun(session.database, id),
            (found) => found !== undefined && !isOpenStatus(found.status),
            {
              open: async (run) => {
                const { left, troubles } = await lookInTemporal(session, run);
                if (left) throw left;
                // Its own code would have to carry the cancel out, and cannot: the row is closed from here instead.
                if (troubles.some(({ what }) => what === 'workflow'))
                  await handle.terminate('cancelled, and its own code could not go on');
                await nobody(performance.now() - began);
              },
            },
          );
        }
      });
    });
}
