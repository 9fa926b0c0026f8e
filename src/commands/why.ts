import type { Command } from 'commander';
import { Failure } from '../failures.ts';
import { findKind } from '../kinds/index.ts';
import type { Run } from '../ledger/runs.ts';
import { explainRun } from '../ledger/why.ts';
import { legible } from '../planning/legible.ts';
import { troubleText } from '../troubles.ts';
import type { CommandContext } from './context.ts';
import { findOutsideLedger } from './outside-ledger.ts';
import type { OutsideLedger } from './outside-ledger.ts';
import { chooseRun, withSession } from './session.ts';
import type { Session } from './session.ts';
import { lookInTemporal } from './steer.ts';

/** A workflow that never became a run has no row, and is what somebody asks about most. */
async function findOrExplain(session: Session, named: string | undefined): Promise<Run | OutsideLedger> {
  try {
    return await chooseRun(session.database, named);
  } catch (error) {
    const outside =
      error instanceof Failure && named !== undefined ? await findOutsideLedger(session, named) : undefined;
    if (outside === undefined) throw error;
    return outside;
  }
}

export function register(program: Command, { config, out }: CommandContext): void {
  program
    .command('why')
    .argument('[run]', 'key or workflow id; the newest run when left out')
    .description('say why a run is not complete and what to do')
    .option('--json', 'print one JSON object')
    .action(async (named: string | undefined, options: { json?: boolean }) => {
      await withSession(config, options.json ? undefined : out, async (session) => {
        const run = await findOrExplain(session, named);
        if ('text' in run) {
          const { workflowId, status, text } = run;
          if (options.json) out.json({ workflowId, status, reasons: [{ subject: 'workflow', text }] });
          else {
            out.line(`${legible(workflowId)} · ${status} in Temporal, no run here`);
            out.line(text);
          }
          return;
        }
        const { left, troubles } = await lookInTemporal(session, run);
        const leftOpen = left !== undefined;
        const reasons = await explainRun(session.database, run, {
          left,
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
