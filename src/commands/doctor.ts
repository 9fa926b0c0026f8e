import type { Command } from 'commander';
import type { Config } from '../config.ts';
import type { CommandContext } from './context.ts';
import { loadPoolSettings } from '../pools/settings.ts';
import { examineSources } from '../sources/examine.ts';
import { todayOf } from '../sources/settings.ts';
import { examine } from '../stack/doctor.ts';
import type { Finding } from '../stack/doctor.ts';
import { waitingWorkflows } from '../waiting-workflows.ts';
import { askTemporal } from './ask-temporal.ts';

const marks = { ok: 'ok  ', warning: 'WARN', failed: 'FAIL' } as const;

/** What was started where nobody takes it up; nothing where Temporal does not answer, which other lines say. */
async function workflows(config: Config): Promise<Finding[]> {
  const waiting = await askTemporal(config, waitingWorkflows);
  if (waiting === undefined) return [];
  if (waiting.length === 0) return [{ name: 'workflows', verdict: 'ok', detail: 'none waits for nobody' }];
  return waiting.map(({ line }) => ({ name: 'workflows', verdict: 'warning', detail: line }));
}

/** The providers of live data, as this machine reaches them. */
async function live({ sources, checkout }: Config): Promise<Finding[]> {
  return examineSources(sources, loadPoolSettings(checkout), todayOf(sources));
}

export function register(program: Command, { config, out }: CommandContext): void {
  program
    .command('doctor')
    .description('check what sevenfold needs on this machine; a line each with what to do')
    .option('--live', 'ask each source of live data once instead')
    .option('--json', 'print one JSON object')
    .action(async (options: { json?: boolean; live?: boolean }) => {
      const findings = options.live
        ? await live(config)
        : [...(await examine(config)), ...(await workflows(config))];
      if (options.json) out.json({ findings });
      else
        findings.forEach(({ verdict, name, detail }) =>
          out.line(`${marks[verdict]}  ${name.padEnd(18)} ${detail}`),
        );
      if (findings.some(({ verdict }) => verdict === 'failed')) process.exitCode = 1;
    });
}
