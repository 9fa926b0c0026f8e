import type { Command } from 'commander';
import { findKind } from '../kinds/index.ts';
import { explainRun } from '../ledger/why.ts';
import { troubleText } from '../troubles.ts';
import type { CommandContext } from './context.ts';
import { chooseRun, withSession } from './session.ts';
import { lookInTemporal } from './steer.ts';

export function register(program: Command, { config, out }: CommandContext): void {
  program
    .command('why')
    .argument('[run]', 'key or workflow id; the newest run when left out')
    .description('say why a run is not complete and what to do')
    .option('--json', 'print one JSON object')
    .action(async (named: string | undefined, options: { json?: boolean }) => {
      await withSession(config, options.json ? undefined : out, async (session) => {
        const run = await chooseRun(session.database, named);
        const { leftOpen, troubles } = await lookInTemporal(session, run);
        const reasons = await explainRun(session.database, run, {
          leftOpen,
          explain: async (...of) => (await findKind(run.kind)?.explain?.(...of)) ?? [],
        });
        for (const trouble of troubles) {
          reasons.push({ subject: 'retried', text: troubleText(trouble) });
        }
        if (options.json) {
          out.json({
            workflowId: run.workflowId,
            runId: run.runId,
            key: run.key,
            status: run.status,
            leftOpen,
            reasons,
          });
          return;
        }
        out.line(`${run.key} · ${run.status}${leftOpen ? ', but nobody works on it' : ''}`);
        if (run.statement !== null) out.line(run.statement);
        for (const { subject, text, advice } of reasons) {
          out.line(`  ${subject}: ${text}`);
          if (advice !== undefined) out.line(`    → ${advice}`);
        }
      });
    });
}
