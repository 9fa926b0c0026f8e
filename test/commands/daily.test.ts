import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { readConfig } from '../../src/config.ts';
import { arm, forgetMetrics } from '../chaos/harness.ts';
import { collect, startSharedRig, temporal } from '../support/rig.ts';
import type { Rig } from '../support/rig.ts';
import { sharedData, unlessThere } from '../support/shared-data.ts';

/** The first day of the sample, with the least to fit: these tests are about the command line. */
const day = '2025-10-31';
const key = `daily/sample/${day}`;
const panel45 = sharedData('pools/panel45');
const noShared = unlessThere(panel45);

describe('the command line', () => {
  let rig: Rig;
  before(async () => {
    rig = await startSharedRig();
  });
  after(() => rig?.takeDown());

  async function json(...args: string[]): Promise<Record<string, unknown> & { exitCode: number | null }> {
    const { exitCode, stdout } = await rig.command(...args, '--json');
    return { ...(JSON.parse(stdout.trim().split('\n').at(-1)!) as Record<string, unknown>), exitCode };
  }

  test('a day of the sample completes, and its page is a file', async () => {
    const ended = await json('run', 'daily', '--dataset', 'sample', '--date', day);
    assert.deepEqual([ended.exitCode, ended['status'], ended['alreadyComplete']], [0, 'complete', false]);
    assert.match(readFileSync(ended['report'] as string, 'utf8'), /SAMPLE/);
  });

  test('the same command again does nothing within three seconds, and says so', async () => {
    const rows = await rig.checksum();
    const started = Date.now();
    const { stdout, exitCode } = await rig.command('run', 'daily', '--dataset', 'sample', '--date', day);
    assert.equal(exitCode, 0);
    assert.match(stdout, /complete already, nothing to do/);
    assert.equal(await rig.checksum(), rows);
    // Not a speed test, which would fail on a slow machine: nothing was sent to the engine.
    const { rows: batches } = await rig.database.query('select 1 from batches');
    assert.equal(batches.length, 3, `after ${Date.now() - started} ms`);
  });

  test('a second start while one runs fails at once and names the first; ours watches it instead', async () => {
    await forgetMetrics(rig);
    const { hit, letGo } = await arm(rig, 'batch-running');
    const first = rig.run(day);
    await hit;
    const second = await temporal(
      rig,
      ...['workflow', 'execute', '--type', 'dailyPipeline', '--task-queue', 'sevenfold'],
      ...['--workflow-id', 'second', '--input', JSON.stringify({ dataset: 'sample', date: day })],
    );
    assert.match(second, new RegExp(`AlreadyRunning|is already running as workflow ${key}`));
    const watching = rig.run(day);
    await sleep(1_000);
    letGo();
    assert.deepEqual([(await first.end).exitCode, (await watching.end).result.status], [0, 'complete']);
  });

  test('a terminated run is taken over by the next start and completes', async () => {
    await forgetMetrics(rig);
    const { hit, letGo } = await arm(rig, 'mid-copy');
    const lost = rig.run(day);
    await hit;
    await temporal(rig, 'workflow', 'terminate', '--workflow-id', key);
    assert.notEqual((await lost.end).exitCode, 0, 'the command watching the terminated run fails');
    const next = rig.run(day);
    await sleep(500);
    letGo();
    const { exitCode, result, stderr } = await next.end;
    assert.equal(exitCode, 0, stderr);
    assert.equal(result.status, 'complete');
  });

  test('cancel ends what runs, and retry does the rest', async () => {
    await forgetMetrics(rig);
    const { hit } = await arm(rig, 'mid-copy');
    const run = rig.run(day);
    const stopped = await hit;
    const cancelled = await json('cancel', key);
    assert.deepEqual([cancelled.exitCode, cancelled['status']], [0, 'cancelled']);
    assert.equal(existsSync(`/proc/${stopped}`), false, 'the process that was copying is gone');
    assert.equal((await run.end).exitCode, 1);
    assert.equal(
      (await rig.database.query('select 1 from pool_daily_metrics where metrics_version is not null'))
        .rowCount,
      0,
    );
    const why = await rig.command('why', key);
    assert.match(why.stdout, /cancelled[\s\S]*npx sevenfold retry/);
    const retried = await json('retry', key);
    assert.deepEqual([retried.exitCode, retried['status']], [0, 'complete']);
  });

  test('pause holds a run before its next phase, resume lets it go', async () => {
    await forgetMetrics(rig);
    const { hit, letGo } = await arm(rig, 'before-commit');
    const run = rig.run(day);
    await hit;
    assert.equal((await rig.command('pause', key)).exitCode, 0);
    letGo();
    const status = async () =>
      (await rig.database.query(`select status from runs where key = $1`, [key])).rows[0] as {
        status: string;
      };
    while ((await status()).status !== 'paused') await sleep(50);
    assert.match((await rig.command('pause', key)).stderr, /paused already/);
    assert.equal((await rig.command('resume', key)).exitCode, 0);
    assert.equal((await run.end).result.status, 'complete');
  });

  test('Ctrl-C ends the watching, not the run', async () => {
    await forgetMetrics(rig);
    const { hit, letGo } = await arm(rig, 'batch-running');
    const child = spawn(
      process.execPath,
      ['sevenfold.mjs', 'run', 'daily', '--dataset', 'sample', '--date', day],
      { env: rig.env, cwd: readConfig().checkout, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    const ended = collect(child);
    await hit;
    child.kill('SIGINT');
    const { exitCode, stdout } = await ended;
    assert.equal(exitCode, 130);
    assert.match(stdout, /The run goes on.*npx sevenfold watch/);
    letGo();
    const watched = await json('watch', key);
    assert.deepEqual([watched.exitCode, watched['status']], [0, 'complete']);
  });

  test('in a terminal the phases are redrawn in place, in a pipe they are plain lines', async () => {
    await forgetMetrics(rig);
    const program = JSON.stringify([
      'node',
      'sevenfold.mjs',
      'run',
      'daily',
      '--dataset',
      'sample',
      '--date',
      day,
    ]);
    const python = `import pty, json; raise SystemExit(pty.spawn(json.loads('${program}')) >> 8)`;
    const terminal = await collect(
      spawn('python3', ['-c', python], {
        env: rig.env,
        cwd: readConfig().checkout,
        stdio: ['ignore', 'pipe', 'pipe'],
      }),
    );
    assert.equal(terminal.exitCode, 0, terminal.stdout);
    assert.ok(terminal.stdout.includes('\x1b['), 'the block of phases is redrawn');
    await forgetMetrics(rig);
    const piped = await rig.command('run', 'daily', '--dataset', 'sample', '--date', day);
    assert.ok(!piped.stdout.includes('\x1b['));
    assert.match(piped.stdout, /✓ metrics/);
  });

  for (const [what, args, expected] of [
    ['a misspelt data set', ['--dataset', 'smaple', '--date', day], /sample/],
    ['a malformed date', ['--dataset', 'sample', '--date', '2026-1-31'], /2026-1-31.*YYYY-MM-DD/],
    ['a day that does not exist', ['--dataset', 'sample', '--date', '2026-02-30'], /2026-02-30/],
    ['a day in the future', ['--dataset', 'sample', '--date', '2199-01-01'], /future/],
    [
      'a day of another age',
      ['--dataset', 'sample', '--date', '2999-01-01'],
      /from 1900-01-01 to 2199-12-31/,
    ],
    ['a day before the data', ['--dataset', 'sample', '--date', '2020-01-01'], /2020-01-01/],
    ['a folder that is not there', ['--dataset', 'files', '--path', 'no/such', '--date', day], /no\/such/],
    ['files without a folder', ['--dataset', 'files', '--date', day], /path/],
    ['an unknown phase', ['--dataset', 'sample', '--date', day, '--force-phases', 'metric'], /metrics/],
    ['an unknown option', ['--dataset', 'sample', '--date', day, '--pth', 'x'], /--pth/],
  ] as const) {
    test(`${what} gets one line and a non-zero exit`, async () => {
      const before = await rig.checksum();
      const { exitCode, stdout, stderr } = await rig.command('run', 'daily', ...args);
      assert.notEqual(exitCode, 0);
      assert.match(stdout + stderr, expected);
      assert.doesNotMatch(stdout + stderr, /\n\s+at /, 'a stack trace');
      assert.equal(await rig.checksum(), before);
    });
  }

  test('a run that is not there is named with those that are', async () => {
    const { exitCode, stderr } = await rig.command('watch', 'daily/sample/1999-01-01');
    assert.equal(exitCode, 2);
    assert.match(stderr, new RegExp(key));
  });

  describe('bad files', { skip: noShared }, () => {
    let folder: string;
    before(() => {
      folder = mkdtempSync(join(tmpdir(), 'sevenfold-panel-'));
    });
    after(() => rmSync(folder, { recursive: true }));

    for (const [what, damage, expected] of [
      ['a missing file', (at: string) => rmSync(join(at, 'gas_daily.csv')), /gas_daily\.csv/],
      ['a missing column', edit('gas_daily.csv', /avg_gas_gwei/, 'gas'), /gas_daily\.csv.*avg_gas_gwei/],
      ['text in a number', edit('gas_daily.csv', /87\.2105/, 'many'), /gas_daily\.csv.*many/],
      ['a duplicate day', edit('gas_daily.csv', /2020-12-02/, '2020-12-01'), /gas_daily\.csv.*2020-12-01/],
    ] as const) {
      test(`${what} is named, and nothing is loaded`, async () => {
        const panel = join(folder, what.replaceAll(' ', '-'));
        mkdirSync(panel);
        cpSync(panel45, panel, { recursive: true });
        damage(panel);
        const { exitCode, stdout, stderr } = await rig.command(
          'run',
          'daily',
          '--dataset',
          'files',
          '--path',
          panel,
          '--date',
          '2022-02-14',
        );
        assert.equal(exitCode, 1);
        assert.match(stdout + stderr, expected);
        const { rowCount } = await rig.database.query(`select 1 from pools where dataset = $1`, [
          `files/${what.replaceAll(' ', '-')}`,
        ]);
        assert.equal(rowCount, 0);
      });
    }

    test('panel45 gives one row for each of 45 pools and 400 days', async () => {
      const ended = await json(
        'run',
        'daily',
        '--dataset',
        'files',
        '--path',
        panel45,
        '--date',
        '2022-02-14',
      );
      assert.equal(ended['status'], 'complete');
      const { rows } = await rig.database.query(
        `select count(*) from pool_daily_metrics where dataset = 'files/panel45' and metrics_version is not null`,
      );
      assert.deepEqual(rows, [{ count: 18_000 }]);
    });
  });

  test('a wrong database address is one line, without the password', async () => {
    const wrong = await collect(
      spawn(process.execPath, ['sevenfold.mjs', 'watch'], {
        cwd: readConfig().checkout,
        env: {
          ...rig.env,
          DATABASE_URL: 'postgresql://me:secret@127.0.0.1:1/none',
          TEMPORAL_ADDRESS: '127.0.0.1:1',
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      }),
    );
    assert.notEqual(wrong.exitCode, 0);
    assert.match(wrong.stderr, /DATABASE_URL/);
    assert.doesNotMatch(wrong.stderr, /secret|\n\s+at /);
  });
});

function edit(file: string, from: RegExp, to: string): (folder: string) => void {
  return (folder) => {
    const path = join(folder, file);
    chmodSync(path, 0o644); // the copy of a file that may only be read is such a file
    writeFileSync(path, readFileSync(path, 'utf8').replace(from, to));
  };
}
