import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { Failure } from '../failures.ts';
import type { CommandContext } from './context.ts';
import { chooseRun, withSession } from './session.ts';

export function register(program: Command, { config, out }: CommandContext): void {
  program
    .command('report')
    .argument('[run]', 'key or workflow id; the newest run when left out')
    .description("say where a run's page is")
    .option('--json', 'print one JSON object')
    .action(async (named: string | undefined, options: { json?: boolean }) => {
      await withSession(config, options.json ? undefined : out, async (session) => {
        const run = await chooseRun(session.database, named);
        const path = run.report === null ? undefined : join(config.stateFolder, run.report);
        if (path === undefined || !existsSync(path)) {
          throw new Failure(
            'InvalidInput',
            `${run.key} has no page (it is ${run.status}). Write it: npx sevenfold retry ${run.key}`,
          );
        }
        if (options.json) out.json({ key: run.key, runId: run.runId, status: run.status, report: path });
        else out.line(path);
      });
    });
}
