import type { Command } from 'commander';
import type { CommandContext } from './context.ts';
import { count } from './output.ts';
import { withSession } from './session.ts';

export function register(program: Command, context: CommandContext): void {
  program
    .command('prune')
    .description('remove what config/retention.json no longer keeps; the portfolio’s books always stay')
    .option('--dry-run', 'only say what would go')
    .option('--json', 'print one JSON object at the end')
    .action((options: { dryRun?: boolean; json?: boolean }) =>
      prune(context, options.dryRun === true, options.json === true),
    );
}

async function prune({ config, out }: CommandContext, dryRun: boolean, json: boolean): Promise<void> {
  const { loadRetention } = await import('../retention/policy.ts');
  const policy = loadRetention(config.checkout);
  await withSession(config, json ? undefined : out, async ({ database }) => {
    const { pruneStaging, pruneTables } = await import('../retention/tables.ts');
    const { pruneFolders } = await import('../retention/folders.ts');
    const now = new Date();
    const pruned = [
      ...(await pruneFolders(database, config, policy, now, dryRun)),
      ...(await pruneStaging(database, dryRun)),
      ...(await pruneTables(database, policy, now, dryRun)),
    ];
    if (json) {
      out.json({ status: dryRun ? 'dry run' : 'pruned', pruned });
      return;
    }
    for (const { what, rows, bytes, oldest, newest } of pruned) {
      const days = oldest === null ? '' : `${oldest} to ${newest}`;
      out.line(
        `${what.padEnd(36)} ${count(rows).padStart(12)}  ${count(bytes).padStart(15)} bytes  ${days}`.trimEnd(),
      );
    }
    if (pruned.length === 0) out.line('Nothing is old enough to go.');
    else if (dryRun) out.line('Nothing was removed: this was a dry run.');
  });
}
