import type { Command } from 'commander';
import type { CommandContext } from './context.ts';
import { finishRun } from './finish.ts';
import { chooseRun, withSession } from './session.ts';
import { startAgain, startAndFollow } from './start-run.ts';
import { askWorkflow, isWorkedOn, openWorkflow } from './steer.ts';

export function register(program: Command, { config, out }: CommandContext): void {
  program
    .command('retry')
    .argument('[run]', 'key or workflow id; the newest run when left out')
    .description('try again what failed: what is whole stays, the rest is done')
    .option('--json', 'print one JSON object at the end')
    .action(async (named: string | undefined, options: { json?: boolean }) => {
      const shown = options.json ? undefined : out;
      await withSession(config, shown, async (session) => {
        const run = await chooseRun(session.database, named);
        if (await isWorkedOn(session, run)) {
          const answer = await askWorkflow(run, async () =>
            (await openWorkflow(session, run)).executeUpdate<string, []>('retryFailed'),
          );
          if (options.json)
            out.json({ workflowId: run.workflowId, runId: run.runId, status: 'accepted', answer });
          else out.line(answer);
          return;
        }
        const started = await startAndFollow(session, shown, startAgain(run));
        await finishRun({ config, out }, session, started, options.json === true);
      });
    });
}
