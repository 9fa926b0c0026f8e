import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { arm, forgetMetrics } from '../chaos/harness.ts';
import { makePanel } from '../support/panel.ts';
import { startRig } from '../support/rig.ts';
import type { StackRig } from '../support/rig.ts';
import { until } from '../support/until.ts';

/** A day of a panel too short for a model: these tests are about the stack. */
const day = '2026-03-31';
const key = `daily/files/panel/${day}`;

describe('the command line on a whole stack', () => {
  let rig: StackRig;
  let source: string[];
  before(async () => {
    rig = await startRig();
    const folder = join(rig.stateFolder, 'panel');
    makePanel(folder, { pools: 9, days: 9, lastDay: '2026-03-30' });
    source = ['--dataset', 'files', '--path', folder];
    const { exitCode, result, stderr } = await rig.run(day, ...source).end;
    assert.equal(exitCode, 0, `${stderr} ${JSON.stringify(result)}`);
  });
  after(() => rig?.takeDown());

  async function json(...args: string[]): Promise<Record<string, unknown> & { exitCode: number | null }> {
    const { exitCode, stdout } = await rig.command(...args, '--json');
    return { ...(JSON.parse(stdout.trim().split('\n').at(-1)!) as Record<string, unknown>), exitCode };
  }

  test('a plain temporal start gives the rows that our own command gives', async () => {
    const rows = await rig.checksum();
    await forgetMetrics(rig);
    const { stdout } = await rig.command('env');
    const input = JSON.stringify({ dataset: 'files', path: source.at(-1), date: day });
    const line = `eval "$1"; temporal workflow execute --type dailyPipeline --task-queue sevenfold --workflow-id by-hand --input '${input}' --output json`;
    const executed = await promisify(execFile)('sh', ['-c', line, 'sh', stdout], { env: rig.env });
    assert.match(executed.stdout, /"COMPLETED"/);
    assert.equal(await rig.checksum(), rows);
  });

  test('status, logs, report and --show-temporal say where things are', async () => {
    const status = await json('status');
    for (const name of [
      'databaseUrl',
      'temporalAddress',
      'temporalNamespace',
      'taskQueue',
      'temporalUi',
      'console',
      'parts',
    ]) {
      assert.ok(name in status, name);
    }
    assert.match((await rig.command('logs', key)).stdout, /── sf-pool-metrics-/);
    assert.ok(existsSync((await rig.command('report', key)).stdout.trim()));
    const shown = await rig.command('run', 'daily', ...source, '--date', day, '--show-temporal');
    assert.match(shown.stdout, /^temporal workflow start --type dailyPipeline --task-queue sevenfold /);
  });

  test('a workflow that waits for nobody is named by status, doctor and why, and the line that they give starts it', async () => {
    const shell = async (line: string) =>
      (await promisify(execFile)('sh', ['-c', `eval "$1"; ${line}`, 'sh', env], { env: rig.env })).stdout;
    const { stdout: env } = await rig.command('env');
    await shell(
      `temporal workflow start --type sweepBatchs --task-queue sevenfolds --workflow-id misled --input '{"mode":"report"}'`,
    );
    const expected = /misled waits in Temporal for ever: .*"sevenfolds".*Did you mean "sweepBatches"\?/;
    await until('Temporal lists it', async () => /^WAITS /m.test((await rig.command('status')).stdout));
    const [waiting] = (await json('status'))['waiting'] as { workflowId: string; line: string }[];
    assert.equal(waiting!.workflowId, 'misled');
    assert.match(waiting!.line, expected);
    assert.match((await rig.command('doctor')).stdout, expected);
    assert.match((await rig.command('why', 'misled')).stdout, expected);

    await shell(waiting!.line.slice(waiting!.line.indexOf('temporal workflow terminate')));
    assert.match(await shell('temporal workflow result --workflow-id misled'), /COMPLETED/);
    await until('Temporal lists it no more', async () => {
      const { waiting } = (await json('status')) as unknown as { waiting: unknown[] };
      return waiting.length === 0;
    });
  });

  test('a stack that is taken down stays down, whoever is watching; after up the run goes on', async () => {
    await forgetMetrics(rig);
    const { hit, letGo } = await arm(rig, 'before-create');
    const run = rig.run(day, ...source);
    await hit;
    assert.equal((await rig.command('down')).exitCode, 0);
    const { exitCode, result } = await run.end;
    assert.equal(exitCode, 1);
    assert.match(result.error?.message ?? '', /taken down.*npx sevenfold up/);
    assert.equal(rig.stack().supervisor, null);
    letGo();
    assert.equal((await rig.command('up')).exitCode, 0);
    assert.equal((await json('watch', key))['status'], 'complete');
  });
});
