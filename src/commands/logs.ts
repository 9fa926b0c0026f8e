import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { Failure } from '../failures.ts';
import { readBatches } from '../ledger/batches.ts';
import type { CommandContext } from './context.ts';
import { chooseRun, withSession } from './session.ts';

export function register(program: Command, { config, out }: CommandContext): void {
  program
    .command('logs')
    .argument('[run]', 'key or workflow id; the newest run when left out')
    .description('show what the batches of a run wrote')
    .option('--batch <id>', 'only this batch')
    .option('--json', 'print one JSON object: the batches and where their logs are')
    .action(async (named: string | undefined, options: { batch?: string; json?: boolean }) => {
      await withSession(config, options.json ? undefined : out, async (session) => {
        const run = await chooseRun(session.database, named);
        const all = await readBatches(session.database, run.runId);
        const batches = all.filter((batch) => options.batch === undefined || batch.batchId === options.batch);
        if (batches.length === 0 && options.batch !== undefined) {
          throw new Failure(
            'InvalidInput',
            `${run.key} has no batch ${options.batch}. It has: ${all.map((batch) => batch.batchId).join(', ') || 'none'}.`,
          );
        }
        const files = batches.map((batch) => ({
          ...batch,
          log: join(config.stateFolder, 'batches', batch.batchId, 'driver.log'),
        }));
        if (options.json) {
          out.json({ key: run.key, runId: run.runId, batches: files });
          return;
        }
        if (files.length === 0) out.line(`${run.key} has sent no batch yet.`);
        for (const { batchId, unit, attempt, state, stateMessage, log } of files) {
          out.line(
            `── ${batchId} · ${unit} · attempt ${attempt} · ${state}${stateMessage ? ` · ${stateMessage}` : ''}`,
          );
          out.line(existsSync(log) ? readFileSync(log, 'utf8').trimEnd() : '(no log is kept of it)');
        }
      });
    });
}
