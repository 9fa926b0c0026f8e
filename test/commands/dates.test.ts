import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { Command } from 'commander';
import type { CommandContext } from '../../src/commands/context.ts';
import { commandTable } from '../../src/commands/index.ts';
import { throwUsageErrors } from '../../src/commands/usage.ts';
import { readConfig } from '../../src/config.ts';
import { addDays } from '../../src/planning/days.ts';

/** Nothing answers anywhere: what gets as far as asking for a database was not refused. */
const config: CommandContext['config'] = {
  ...readConfig({}),
  ...{ databaseUrl: 'postgresql://nobody@127.0.0.1:1/none', temporalAddress: '127.0.0.1:1' },
  ...{ sparkSocket: '/nowhere', stateFolder: '/nowhere' },
};
const lines: string[] = [];
const out: CommandContext['out'] = {
  isTerminal: false,
  line: (text = '') => void lines.push(text),
  ...{ live() {}, settle() {}, json() {} },
};

async function programOfAll(): Promise<Command> {
  const program = throwUsageErrors(new Command('sevenfold'));
  for (const { load } of commandTable) (await load()).register(program, { config, out });
  return program;
}

/** What must be given beside a day, so that the day is what is wrong. */
const models = ['--commodity', 'WTI', '--models', 'naive'];
const beside: Record<string, readonly string[]> = {
  'run daily': ['--dataset', 'sample', '--show-temporal'],
  'run backfill': [...models, '--show-temporal'],
  'run train-models': [...models, '--show-temporal'],
  audit: [...models, '--show-temporal'],
  'plan backfill': models,
  coverage: models,
  'evaluate pools': ['--dataset', 'sample', '--show-temporal'],
  'evaluate forecasts': ['--commodity', 'WTI'],
  'copy forecasts': [...models, '--from', 'postgres', '--to', 'delta'],
  skip: ['--reason', 'a test'],
  export: ['metrics', '--to', '/nowhere/metrics.csv'],
  'alerts close': [],
};
/** The other end of a range that must be given with this one. */
const otherEnd: Record<string, readonly string[]> = {
  'run daily --from': ['--to', '2026-01-31'],
  'run daily --to': ['--from', '2025-12-01'],
};

interface DayOption {
  path: string;
  option: string;
}

function dayOptionsOf(command: Command, path: readonly string[] = []): DayOption[] {
  const own = command.options
    .filter(({ flags }) => /<(day|range)(\.\.\.)?>/.test(flags))
    .map(({ long }) => ({ path: path.join(' '), option: long! }));
  return [...own, ...command.commands.flatMap((each) => dayOptionsOf(each, [...path, each.name()]))];
}

async function call(
  path: string,
  ...words: string[]
): Promise<{ type?: string; message: string } | undefined> {
  lines.length = 0;
  const given = [...path.split(' '), ...(beside[path] ?? []), ...words];
  return (await programOfAll()).parseAsync(given, { from: 'user' }).then(
    () => undefined,
    (error: { type?: string; message: string }) => error,
  );
}

afterEach(() => void (process.exitCode = undefined));

const options = dayOptionsOf(await programOfAll());

describe('commands that take days', () => {
  test('all of them were found, and it is known how they are called', () => {
    assert.deepEqual([...new Set(options.map(({ path }) => path))].sort(), Object.keys(beside).sort());
    assert.ok(options.length >= 19, String(options.length));
  });

  for (const { path, option } of options) {
    const more = otherEnd[`${path} ${option}`] ?? [];

    test(
      `${path} ${option} refuses what is no day, or none that anything is about, in one line`,
      { timeout: 10_000 },
      async () => {
        for (const wrong of [
          '9999-12-31',
          '0001-01-01',
          '1899-12-31',
          '2025-02-30',
          '2026-1-31',
          '20260131',
          'soon',
          '2026-01-01\u0000',
        ]) {
          const refusal = await call(path, option, wrong, ...more);
          assert.equal(refusal?.type, 'InvalidInput', `${wrong}: ${refusal?.message}`);
          assert.match(refusal.message, new RegExp(wrong.slice(0, 10)));
          assert.match(refusal.message, /YYYY-MM-DD/);
          assert.doesNotMatch(refusal.message, /[\u0000-\u001f]/);
        }
      },
    );

    test(`${path} ${option} knows today and yesterday`, { timeout: 10_000 }, async () => {
      for (const word of ['today', 'yesterday', 'Yesterday']) {
        const end = more.length > 0 ? [more[0]!, word] : [];
        const refusal = await call(path, option, word, ...end);
        assert.doesNotMatch(refusal?.message ?? '', /must be/);
      }
      const day = addDays(new Date().toISOString().slice(0, 10), -1);
      if (beside[path]!.includes('--show-temporal')) assert.match(lines.join('\n'), new RegExp(day));
    });
  }

  const ranges: (readonly [string, string, string])[] = Object.keys(beside).flatMap((path) => {
    const names = options.filter((each) => each.path === path).map(({ option }) => option);
    const first = names.find((name) => name === '--from' || name === '--start');
    const last = names.find((name) => /^--(to|to-date|end)$/.test(name));
    return first !== undefined && last !== undefined ? [[path, first, last] as const] : [];
  });
  for (const [path, first, last] of ranges) {
    test(`${path} refuses a range that ends before it begins`, async () => {
      const refusal = await call(path, first, '2026-01-31', last, '2026-01-01');
      assert.equal(refusal?.type, 'InvalidInput', refusal?.message);
      assert.match(refusal.message, /2026-01-31 lies after .*2026-01-01/);
    });
  }

  for (const path of ['run daily', 'evaluate pools']) {
    test(`${path} refuses a day that has not come`, async () => {
      const tomorrow = addDays(new Date().toISOString().slice(0, 10), 1);
      const refusal = await call(path, '--date', tomorrow);
      assert.match(refusal?.message ?? '', /lies in the future/);
    });
  }
});
