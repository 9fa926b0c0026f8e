/** `npm run emulator -- --live`: the providers of live data on loopback, until Ctrl-C. Prints what to export. */
import { parseArgs } from 'node:util';
import { isDay } from '../../src/planning/days.ts';
import { recordedBodies } from './recorded.ts';
import { providerNames, startLiveEmulator } from './service.ts';
import type { Fault, FaultKind, Provider } from './service.ts';

const usage = `npm run emulator -- --live [options]: the providers of live data on this machine, until Ctrl-C.

  --day <day>        the run date that is served, which is today for the worker (2026-11-20)
  --pools <number>   pools that pass the filters (30)
  --latency <ms>     before each answer (0)
  --recorded         the bodies of ../shared/data/live first, made ones for what they lack
  --fault <route>    <provider>[/<part of the address>]=<fault>, as often as there are faults:
                     down, cut, short, html, empty, stall, or a status such as 503 or 429
                     providers: ${providerNames.join(', ')}
  --help
`;

export async function runLiveEmulator(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      live: { type: 'boolean' },
      day: { type: 'string', default: '2026-11-20' },
      pools: { type: 'string', default: '30' },
      latency: { type: 'string', default: '0' },
      recorded: { type: 'boolean', default: false },
      fault: { type: 'string', multiple: true, default: [] },
      help: { type: 'boolean', default: false },
    },
  });
  const faults = values.fault.map(readFault);
  const [pools, latencyMs] = [Number(values.pools), Number(values.latency)];
  const wrong =
    !isDay(values.day) ||
    !(Number.isInteger(pools) && pools > 0) ||
    !(latencyMs >= 0) ||
    faults.includes(undefined);
  if (values.help || wrong) {
    (values.help ? process.stdout : process.stderr).write(usage);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  const recorded = values.recorded ? recordedBodies() : undefined;
  if (values.recorded && recorded === undefined) {
    process.stderr.write('There are no recorded bodies: ../shared/data/live is not beside this checkout.\n');
    process.exitCode = 2;
    return;
  }
  const emulator = await startLiveEmulator({
    day: values.day,
    pools,
    latencyMs,
    ...(recorded && { recorded }),
  });
  emulator.fault(...(faults as Fault[]));
  for (const [name, value] of Object.entries(emulator.environment))
    process.stdout.write(`export ${name}='${value}'\n`);
  process.stderr.write('# Ready. Ctrl-C ends it.\n');
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
  });
  process.stderr.write(`# ${emulator.count()} requests were answered.\n`);
  await emulator.stop();
}

function readFault(text: string): Fault | undefined {
  const [, provider, path, kind] = /^([\w.-]+?)(\/[^=]*)?=([\w ]+)$/.exec(text) ?? [];
  const known =
    ['down', 'cut', 'short', 'html', 'empty', 'stall'].includes(kind ?? '') || /^\d{3}$/.test(kind ?? '');
  if (!known || !providerNames.includes(provider as Provider)) return undefined;
  const fault = /^\d/.test(kind!) ? (`status ${Number(kind)}` as FaultKind) : (kind as FaultKind);
  return { provider: provider as Provider, kind: fault, ...(path !== undefined && { path }) };
}
