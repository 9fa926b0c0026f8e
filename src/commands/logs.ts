import type { Command } from 'commander';
import { placeOfLog, readLog } from '../engines/logs.ts';
import { Failure } from '../failures.ts';
import { readBatchRecords } from '../ledger/batch-record.ts';
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
        const all = await readBatchRecords(session.database, run.runId);
        const batches = all.filter((batch) => options.batch === undefined || batch.batchId === options.batch);
        if (batches.length === 0 && options.batch !== undefined) {
          throw new Failure(
            'InvalidInput',
            `${run.key} has no batch ${options.batch}. It has: ${all.map((batch) => batch.batchId).join(', ') || 'none'}.`,
          );
        }
        if (options.json) {
          const files = batches.map(({ request: _, ...batch }) => ({
            ...batch,
            log: placeOfLog(config, batch) ?? null,
          }));
          out.json({ key: run.key, runId: run.runId, batches: files });
          return;
        }
        if (batches.length === 0) out.line(`${run.key} has sent no batch yet.`);
        for (const batch of batches) {
          const { batchId, unit, attempt, state, stateMessage } = batch;
          out.line(
            `── ${batchId} · ${unit} · attempt ${attempt} · ${state}${stateMessage ? ` · ${stateMessage}` : ''}`,
          );
          out.line((await readLog(config, batch))?.text?.trimEnd() ?? '(no log is kept of it)');
        }
      });
    });
}
