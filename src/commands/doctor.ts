import type { Command } from 'commander';
import type { CommandContext } from './context.ts';
import { examine } from '../stack/doctor.ts';

const marks = { ok: 'ok  ', warning: 'WARN', failed: 'FAIL' } as const;

export function register(program: Command, { config, out }: CommandContext): void {
  program
    .command('doctor')
    .description('check what sevenfold needs on this machine; a line each with what to do')
    .option('--json', 'print one JSON object')
    .action(async (options: { json?: boolean }) => {
      const findings = await examine(config);
      if (options.json) out.json({ findings });
      else
        findings.forEach(({ verdict, name, detail }) =>
          out.line(`${marks[verdict]}  ${name.padEnd(18)} ${detail}`),
        );
      if (findings.some(({ verdict }) => verdict === 'failed')) process.exitCode = 1;
    });
}
