/**
 * `npm run fuzz -- --minutes 10 [--cases 200] [--seed 1] [--kind pools] [--keep]`: damages a small folder of pools, a file
 * of prices or a survival file at random and hands it to the real commands on a stack of its own. Nothing may run without
 * an end, show a stack trace or a library's own words, leave rows of what it refused, or take damage in without a word.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { readConfig } from '../../src/config.ts';
import { locateToolchain } from '../../src/stack/toolchain.ts';
import { startRig } from '../support/rig.ts';

const kinds = ['pools', 'prices', 'survival'] as const;
type Kind = (typeof kinds)[number];

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    cases: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
    kind: { type: 'string' },
    keep: { type: 'boolean', default: false },
  },
});
const [minutes, cases, seed] = [Number(values.minutes), Number(values.cases), Number(values.seed)];
const asked = kinds.filter((kind) => values.kind === undefined || values.kind === kind);
if (!(minutes > 0) || !(cases >= 1) || !Number.isInteger(seed) || asked.length === 0) {
  process.stderr.write(
    `Usage: npm run fuzz -- [--minutes <n>] [--cases <n>] [--seed <n>] [--kind ${kinds.join('|')}] [--keep]\n`,
  );
  process.exit(2);
}

/** No case may take longer: an undamaged one takes some seconds. */
const endMs = 180_000;
/** Words that only a programmer would use. */
const rawWords =
  /Traceback|\n\s+at .+:\d+|Unexpected error|Nobody expected|Arrow(Invalid|NotImplemented|TypeError)|pyarrow|pandas|numpy|psycopg|Py4J|KeyError|TypeError|AttributeError|IndexError|ValueError|UnicodeDecodeError|null value in column|violates|numeric field overflow|invalid input syntax/;

interface Damage {
  file: string;
  what: string;
  harmless: boolean;
}

const python = locateToolchain(readConfig().stateFolder).python;
const root = mkdtempSync(join(tmpdir(), 'sevenfold-fuzz-'));
const rig = await startRig();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void end().finally(() => process.exit(1)));
}
const tally = { refused: 0, warned: 0, harmless: 0, faults: 0 };
const startedAt = Date.now();
let done = 0;
try {
  for (; done < cases && Date.now() - startedAt < minutes * 60_000; done += 1) {
    const kind = asked[done % asked.length]!;
    const number = seed * 100_000 + done;
    const folder = join(root, `${kind}-${number}`);
    const damage = JSON.parse(
      execFileSync(python, [join(import.meta.dirname, 'damage.py'), kind, String(number), folder], {
        encoding: 'utf8',
      }),
    ) as Damage;
    const faults = await tryOne(kind, folder, damage);
    if (faults.length > 0) {
      tally.faults += 1;
      say(`✗ ${kind} ${number} · ${damage.file}: ${damage.what}`);
      for (const fault of faults) say(`    ${fault}`);
    }
    if (!values.keep || faults.length === 0) rmSync(folder, { recursive: true });
  }
} finally {
  await end();
}
say(
  `${done} cases, seed ${seed}, ${Math.round((Date.now() - startedAt) / 1000)} s: ` +
    `${tally.refused} refused in one line, ${tally.warned} accepted with a warning, ${tally.harmless} harmless, ${tally.faults} faults`,
);
process.exitCode = tally.faults === 0 ? 0 : 1;

async function tryOne(kind: Kind, folder: string, damage: Damage): Promise<string[]> {
  const before = await rows();
  const { child, end: ended } = rig.begin(...command(kind, folder));
  const outcome = await Promise.race([ended, sleep(endMs, undefined, { ref: false })]);
  if (outcome === undefined) {
    child.kill('SIGKILL');
    return ['it does not end'];
  }
  const { exitCode, result, stderr } = outcome;
  const message = result.error?.message ?? result.statement ?? '';
  const faults: string[] = [];
  if (rawWords.test(`${stderr}\n${message}`)) faults.push(`a library speaks: ${clip(stderr || message)}`);
  if (exitCode === 0) {
    const warnings = await warningsOf(result.runId);
    if (damage.harmless) tally.harmless += 1;
    else if (warnings.length > 0) tally.warned += 1;
    else faults.push('taken without a word');
    return faults;
  }
  if (exitCode !== 2 && exitCode !== 1) faults.push(`exit code ${exitCode}`);
  if (message.trim() === '' && stderr.trim() === '') faults.push('it fails without a word');
  if (/[\n\x00-\x08\x1b]/.test(message.trim())) faults.push(`not one clean line: ${clip(message)}`);
  const after = await rows();
  for (const [table, count] of after) {
    if (count !== before.get(table)) faults.push(`${table} had ${before.get(table)} rows and has ${count}`);
  }
  tally.refused += 1;
  return faults;
}

function command(kind: Kind, folder: string): string[] {
  switch (kind) {
    case 'pools':
      return ['run', 'daily', '--dataset', 'files', '--path', folder, '--date', '2025-06-30'];
    case 'prices':
      return ['import', 'prices', join(folder, 'prices.csv')];
    case 'survival':
      return [
        ...['run', 'cv', '--dataset', join(folder, 'customers.csv'), '--models', 'cox_ph', '--folds', '2'],
        ...['--time', 'duration_days', '--event', 'event', '--id', 'customer_id', '--mode', 'pandas'],
      ];
  }
}

/** Rows that a refused source must not have left behind. */
async function rows(): Promise<Map<string, number>> {
  const tables = ['pools', 'pool_history', 'token_prices_daily', 'gas_fees_daily', 'prices', 'cv_fits'];
  const counted = await Promise.all(
    tables.map(async (table) => {
      const { rows: found } = await rig.database.query<{ count: number }>(
        `select count(*)::integer as count from ${table}`,
      );
      return [table, found[0]!.count] as const;
    }),
  );
  return new Map(counted);
}

/** What a complete run says about its data: warnings of its checks, remarks of its import. */
async function warningsOf(runId: string | undefined): Promise<string[]> {
  const { rows: found } = await rig.database.query<{ message: string }>(
    `select message from checks where run_id::text = $1 and (not passed or severity = 'info')
      union all select detail::text from units where run_id::text = $1 and detail::text ~ 'remark|warning|left|reject'`,
    [runId ?? ''],
  );
  return found.map(({ message }) => message);
}

async function end(): Promise<void> {
  await rig.takeDown();
  if (!values.keep) rmSync(root, { recursive: true, force: true });
}

function clip(text: string): string {
  return JSON.stringify(text.trim().slice(0, 300));
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
