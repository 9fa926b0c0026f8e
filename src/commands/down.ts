import type { Command } from 'commander';
import { takeDown, wipe } from '../stack/stack.ts';
import type { CommandContext } from './context.ts';

export function register(program: Command, { config, out }: CommandContext): void {
  program
    .command('down')
    .description('stop the embedded stack; its data stays')
    .option('--wipe', 'remove the data too: databases, batches, reports, logs')
    .option('--json', 'print one JSON object at the end')
    .action(async (options: { wipe?: boolean; json?: boolean }) => {
      const json = options.json === true;
      const report = (line: string): void => (json ? undefined : out.line(line));
      if (options.wipe) await wipe(config, report);
      else await takeDown(config, report);
      if (json) out.json({ status: 'down', wiped: options.wipe === true });
      else out.line(options.wipe ? 'down, nothing is left' : 'down, the data stays');
    });
}
