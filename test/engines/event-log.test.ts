import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { readConfig } from '../../src/config.ts';
import { summariseEventLogFile } from '../../src/engines/event-log-file.ts';
import { summariseEventLog } from '../../src/engines/event-log.ts';
import type { EventLogOptions, EventLogSummary } from '../../src/engines/event-log.ts';
import { locateToolchain } from '../../src/stack/toolchain.ts';

const scratch = mkdtempSync(path.join(tmpdir(), 'sevenfold-event-log-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

describe('a log that Spark wrote', () => {
  let log: string;
  const of = (jobGroup: string) => summariseEventLogFile(log, { jobGroup });

  before(() => {
    const { checkout, stateFolder } = readConfig();
    const { python, javaHome } = locateToolchain(stateFolder);
    const folder = mkdtempSync(path.join(scratch, 'log-'));
    execFileSync(python, [path.join(checkout, 'test', 'engines', 'event-log.py'), folder], {
      env: { PATH: process.env['PATH'], JAVA_HOME: javaHome, PYSPARK_PYTHON: python },
      stdio: 'ignore',
    });
    log = path.join(
      folder,
      readdirSync(folder).find((name) => name.startsWith('eventlog_v2_'))!,
    );
  });

  test('a job group is counted by its own stages and tasks', async () => {
    const shuffle = await of('sf-shuffle');
    assert.deepEqual([shuffle.stages, shuffle.tasks, shuffle.failedTasks], [2, 5, 0]);
    assert.ok(shuffle.shuffleMb > 0, `${shuffle.shuffleMb} MB`);
    const sql = await of('sf-sql');
    assert.deepEqual([sql.stages, sql.tasks, sql.failedTasks], [2, 5, 0]);
    assert.ok(sql.peakExecutorMb > 0);
  });

  test('a stage that another job ran already is not counted again, a failed task is', async () => {
    const { stages, tasks, failedTasks, shuffleMb } = await of('sf-again');
    assert.equal(stages, 1);
    assert.ok(tasks === 1 || tasks === 2, `${tasks} tasks`); // the other one may be cut off by the failure
    assert.equal(failedTasks, 1);
    assert.equal(shuffleMb, 0);
  });

  test('the parts are no more than the whole, and nobody uses more than is offered', async () => {
    const whole = await summariseEventLogFile(log);
    const parts = await Promise.all(['sf-shuffle', 'sf-again', 'sf-sql'].map(of));
    const sum = (name: keyof EventLogSummary) => parts.reduce((so, part) => so + part[name]!, 0);
    assert.equal(whole.stages, sum('stages'));
    assert.equal(whole.tasks, sum('tasks'));
    assert.ok(Math.abs(whole.cpuSeconds - sum('cpuSeconds')) < 0.01);
    // Not their sum: the task that outlives its failed job may still run when the next group begins.
    for (const part of parts) assert.ok(part.offeredCoreSeconds <= whole.offeredCoreSeconds);
    assert.ok(whole.cpuSeconds > 0);
    for (const { cpuSeconds, taskSeconds, offeredCoreSeconds, cpuShare } of [whole, ...parts]) {
      // The kernel's clock of a task that takes a millisecond may say none.
      assert.ok(cpuSeconds >= 0 && cpuSeconds < offeredCoreSeconds, `${cpuSeconds} of ${offeredCoreSeconds}`);
      // Seconds are rounded to thousandths, the share to ten thousandths.
      const rounding = 0.000_05 + 0.001 / offeredCoreSeconds;
      assert.ok(Math.abs(cpuShare - cpuSeconds / offeredCoreSeconds) <= rounding);
      assert.ok(taskSeconds! <= offeredCoreSeconds);
    }
  });

  test('a part of the log without the executors finds the cores by the SQL jobs, else takes those given', async () => {
    const piece = path.join(
      log,
      readdirSync(log).find((name) => name.startsWith('events_1_'))!,
    );
    const text = readFileSync(piece, 'latin1');
    const fromByte = text.indexOf('{"Event":"SparkListenerJobStart"');
    const known = await summariseEventLogFile(piece, { jobGroup: 'sf-sql', fromByte });
    const whole = await of('sf-sql');
    assert.equal(known.offeredCoreSeconds, whole.offeredCoreSeconds);
    const mostBytes = text.indexOf('{"Event":"org.apache.spark.sql') - fromByte;
    assert.ok(mostBytes > 0);
    const part = { jobGroup: 'sf-shuffle', fromByte, mostBytes };
    assert.equal((await summariseEventLogFile(piece, part)).offeredCoreSeconds, 0);
    const given = await summariseEventLogFile(piece, { ...part, cores: 2 });
    assert.equal(given.offeredCoreSeconds, (await of('sf-shuffle')).offeredCoreSeconds);
    assert.equal(given.tasks, 5);
  });

  test('wherever it is cut off, what is before the cut is counted', async () => {
    const piece = path.join(
      log,
      readdirSync(log).find((name) => name.startsWith('events_1_'))!,
    );
    const { size } = statSync(piece);
    let before = 0;
    for (const share of [0.2, 0.5, 0.8, 0.97, 1]) {
      const { tasks } = await summariseEventLogFile(piece, { mostBytes: Math.floor(size * share) });
      assert.ok(tasks >= before);
      before = tasks;
    }
    assert.equal(before, (await summariseEventLogFile(log)).tasks);
  });
});

/** Events in seconds of one clock, as Spark writes them. */
const event = {
  start: { Event: 'SparkListenerApplicationStart', Timestamp: 0 },
  end: (at: number) => ({ Event: 'SparkListenerApplicationEnd', Timestamp: at * 1000 }),
  executor: (id: string, at: number, cores = 4) => ({
    Event: 'SparkListenerExecutorAdded',
    Timestamp: at * 1000,
    'Executor ID': id,
    'Executor Info': { Host: 'h', 'Total Cores': cores },
  }),
  lost: (id: string, at: number) => ({
    Event: 'SparkListenerExecutorRemoved',
    Timestamp: at * 1000,
    'Executor ID': id,
    'Removed Reason': 'worker lost',
  }),
  job: (id: number, at: number, stages: number[], group?: string) => ({
    Event: 'SparkListenerJobStart',
    'Job ID': id,
    'Submission Time': at * 1000,
    'Stage IDs': stages,
    Properties: group === undefined ? {} : { 'spark.jobGroup.id': group },
  }),
  jobEnd: (id: number, at: number) => ({
    Event: 'SparkListenerJobEnd',
    'Job ID': id,
    'Completion Time': at * 1000,
  }),
  task: (stage: number, at: number, more: { cpu?: number; failed?: boolean; memory?: object } = {}) => ({
    Event: 'SparkListenerTaskEnd',
    'Stage ID': stage,
    'Task Info': { 'Executor ID': '1', 'Finish Time': at * 1000, Failed: more.failed ?? false },
    ...(more.memory && { 'Task Executor Metrics': more.memory }),
    'Task Metrics': more.failed
      ? null
      : { 'Executor CPU Time': (more.cpu ?? 1) * 1e9, 'Executor Run Time': 2_000 },
  }),
};

async function* asLines(events: readonly (object | string)[]): AsyncIterable<string> {
  for (const each of events) yield typeof each === 'string' ? each : JSON.stringify(each);
}
const summarise = (events: readonly (object | string)[], options?: EventLogOptions) =>
  summariseEventLog(asLines(events), options);

describe('what is offered', () => {
  test('is each executor for as long as it was there', async () => {
    const seen = await summarise([
      event.start,
      event.executor('1', 10),
      event.executor('2', 20),
      event.job(0, 20, [0]),
      event.task(0, 30, { cpu: 30 }),
      event.lost('2', 40),
      event.jobEnd(0, 50),
      event.end(60),
    ]);
    assert.equal(seen.offeredCoreSeconds, 4 * 50 + 4 * 20);
    assert.equal(seen.cpuShare, round4(30 / 280));
  });

  test('is counted to the last event of an application that was killed', async () => {
    const events = [event.start, event.executor('1', 10), event.job(0, 20, [0]), event.task(0, 30)];
    assert.equal((await summarise(events)).offeredCoreSeconds, 4 * 20);
  });

  test('is all of an application whose only group asks, but only the span of its jobs beside another group', async () => {
    const own = [
      event.start,
      event.executor('driver', 1, 2),
      event.job(0, 10, [0], 'a'),
      event.task(0, 15),
      event.jobEnd(0, 20),
    ];
    assert.equal((await summarise([...own, event.end(31)], { jobGroup: 'a' })).offeredCoreSeconds, 2 * 30);
    const beside = [event.job(1, 25, [1], 'b'), event.task(1, 28), event.jobEnd(1, 30), event.end(31)];
    assert.equal((await summarise([...own, ...beside], { jobGroup: 'a' })).offeredCoreSeconds, 2 * 10);
    assert.equal((await summarise([...own, ...beside], { jobGroup: 'b' })).offeredCoreSeconds, 2 * 5);
  });

  test('lasts to the end of the last task, where that is after the end of its job', async () => {
    const seen = await summarise(
      [
        event.executor('1', 0, 2),
        event.job(0, 10, [0], 'a'),
        event.job(1, 10, [1], 'b'),
        event.task(0, 15, { failed: true }),
        event.jobEnd(0, 15),
        event.task(0, 40),
        event.task(1, 50),
        event.jobEnd(1, 50),
      ],
      { jobGroup: 'a' },
    );
    assert.equal(seen.offeredCoreSeconds, 2 * 30);
  });

  test('is nothing for a group that ran no job', async () => {
    const seen = await summarise([event.job(0, 1, [0], 'a'), event.task(0, 2)], { jobGroup: 'other' });
    assert.deepEqual(
      [seen.stages, seen.tasks, seen.cpuSeconds, seen.offeredCoreSeconds, seen.cpuShare],
      [0, 0, 0, 0, 0],
    );
  });
});

test('a task whose executor was lost has failed and used nothing that is known', async () => {
  const seen = await summarise([event.job(0, 0, [0]), event.task(0, 1, { failed: true }), event.task(0, 2)]);
  assert.deepEqual([seen.tasks, seen.failedTasks, seen.cpuSeconds, seen.taskSeconds], [2, 1, 1, 2]);
});

test('memory is the resident one with Python where it was measured, else the heap', async () => {
  const mb = 2 ** 20;
  const heap = { JVMHeapMemory: 300 * mb, JVMOffHeapMemory: 100 * mb };
  const job = event.job(0, 0, [0]);
  assert.equal((await summarise([job, event.task(0, 1, { memory: heap })])).peakExecutorMb, 400);
  const measured = { ...heap, ProcessTreeJVMRSSMemory: 500 * mb, ProcessTreePythonRSSMemory: 200 * mb };
  const both = [job, event.task(0, 1, { memory: heap }), event.task(0, 2, { memory: measured })];
  assert.equal((await summarise(both)).peakExecutorMb, 700);
});

test("the driver's memory is not an executor's", async () => {
  const metrics = (id: string, size: number) => ({
    Event: 'SparkListenerStageExecutorMetrics',
    'Executor ID': id,
    'Stage ID': 0,
    'Executor Metrics': { JVMHeapMemory: size * 2 ** 20 },
  });
  const events = [event.executor('1', 0), event.job(0, 0, [0]), metrics('driver', 900), metrics('1', 100)];
  assert.equal((await summarise(events)).peakExecutorMb, 100);
});

describe('a broken line', () => {
  const cut = JSON.stringify(event.task(0, 3)).slice(0, 90);

  test('at the end is left out', async () => {
    assert.equal((await summarise([event.job(0, 0, [0]), event.task(0, 1), cut])).tasks, 1);
  });

  test('at the beginning of a part is left out', async () => {
    const end = JSON.stringify(event.task(0, 3)).slice(90);
    assert.equal((await summarise([end, event.job(0, 0, [0]), event.task(0, 1)])).tasks, 1);
  });

  test('in the middle is refused', async () => {
    await assert.rejects(summarise([event.job(0, 0, [0]), cut, event.task(0, 1)]), /Line 2 .*broken/);
  });
});

describe('what cannot be read is refused in words', () => {
  const file = (name: string, content = 'x') => {
    const target = path.join(mkdtempSync(path.join(scratch, 'odd-')), name);
    writeFileSync(target, content);
    return target;
  };

  for (const ending of ['zstd', 'lz4', 'lzf', 'snappy', 'zstd.inprogress']) {
    test(`compression ${ending}`, () =>
      assert.rejects(
        summariseEventLogFile(file(`app-1.${ending}`)),
        /compressed.*spark\.eventLog\.compress/,
      ));
  }
  test('a compressed piece of a rolling log', () =>
    assert.rejects(summariseEventLogFile(path.dirname(file('events_1_app.zstd'))), /compressed/));
  test('a compacted piece', () =>
    assert.rejects(summariseEventLogFile(path.dirname(file('events_1_app.compact'))), /compacted/));
  test('a folder without a log', () =>
    assert.rejects(summariseEventLogFile(path.dirname(file('readme'))), /no event log/));
  test('another file', () =>
    assert.rejects(summariseEventLogFile(file('a.csv', 'a,b\n1,2\n')), /no event log/));
  test('a file that is not there', () =>
    assert.rejects(summariseEventLogFile(path.join(scratch, 'none')), /ENOENT/));
});

test('pieces of a rolling log are read in the order of their numbers', async () => {
  const folder = mkdtempSync(path.join(scratch, 'eventlog_v2_'));
  const write = (name: string, events: object[]) =>
    writeFileSync(path.join(folder, name), events.map((each) => `${JSON.stringify(each)}\n`).join(''));
  write('events_2_app', [event.job(0, 2, [0])]);
  write('events_10_app', [event.task(0, 3), event.jobEnd(0, 4)]);
  write('appstatus_app', []);
  assert.equal((await summariseEventLogFile(folder)).tasks, 1);
});

function round4(value: number): number {
  return Number(value.toFixed(4));
}
