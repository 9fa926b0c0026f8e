import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, openSync } from 'node:fs';
import { EventEmitter } from 'node:events';
import { describe, test } from 'node:test';
import { guardStreams } from '../../src/commands/streams.ts';
import { readConfig } from '../../src/config.ts';
import { collect } from '../support/rig.ts';

const { checkout } = readConfig();

function sevenfold(words: string[], stdout: 'pipe' | number = 'pipe') {
  return spawn(process.execPath, ['sevenfold.mjs', ...words], {
    cwd: checkout,
    env: {
      ...process.env,
      DATABASE_URL: 'postgresql://me@127.0.0.1:1/none',
      TEMPORAL_ADDRESS: '127.0.0.1:1',
    },
    stdio: ['ignore', stdout, 'pipe'],
  });
}

describe('a wrong command line', () => {
  for (const [words, expected] of [
    [
      ['run', 'daily', '--dataset', 'sample', '--dtae', '2026-01-31'],
      /--dtae.*--date.*See: npx sevenfold run daily --help/,
    ],
    [['run', 'daily', '--date', 'today'], /--dataset.*not specified.*run daily --help/],
    [['rnu'], /rnu.*run.*See: npx sevenfold --help/],
    [['batches'], /Say which command of sevenfold batches is meant/],
    [['why', 'one', 'two'], /too many arguments/],
  ] as [string[], RegExp][]) {
    test(`${words.join(' ')}: one line and exit code 2; one object with --json`, async () => {
      const plain = await collect(sevenfold(words));
      assert.equal(plain.exitCode, 2, plain.stderr);
      assert.match(plain.stderr.trim().split('\n').at(-1)!, expected);
      const json = await collect(sevenfold([...words, '--json']));
      assert.equal(json.exitCode, 2, json.stderr);
      const said = JSON.parse(json.stdout) as { status: string; error: { type: string; message: string } };
      assert.deepEqual([said.status, said.error.type], ['failed', 'InvalidInput']);
      assert.match(said.error.message, expected);
    });
  }

  test('help and version are no errors', async () => {
    for (const words of [['--help'], ['--version'], ['export', '--help']]) {
      const { exitCode, stderr, stdout } = await collect(sevenfold(words));
      assert.deepEqual([exitCode, stderr], [0, ''], words.join(' '));
      assert.notEqual(stdout, '');
    }
  });
});

describe('what a command writes to', () => {
  test('a reader that goes away ends the command without a word', async () => {
    const child = sevenfold(['export', '--list']);
    child.stdout!.destroy();
    let stderr = '';
    child.stderr!.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const exitCode = await new Promise((resolve) => child.once('close', resolve));
    assert.deepEqual([exitCode, stderr], [141, '']);
  });

  test('a full disk is one line and a failure', { skip: !existsSync('/dev/full') }, async () => {
    for (const words of [['export', '--list'], ['export', '--list', '--json'], ['--help']]) {
      const child = sevenfold(words, openSync('/dev/full', 'w'));
      let stderr = '';
      child.stderr!.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
      const exitCode = await new Promise((resolve) => child.once('close', resolve));
      assert.equal(exitCode, 1, words.join(' '));
      assert.match(stderr, /^Standard output cannot be written \(ENOSPC\): .*\n$/);
    }
  });

  test('an error stream that nobody reads changes nothing', () => {
    const [stdout, stderr] = [new EventEmitter(), new EventEmitter()];
    const codes: number[] = [];
    guardStreams({ stdout, stderr } as unknown as Parameters<typeof guardStreams>[0], (code) =>
      codes.push(code),
    );
    stderr.emit('error', Object.assign(new Error('gone'), { code: 'EPIPE' }));
    assert.deepEqual(codes, []);
    stdout.emit('error', Object.assign(new Error('gone'), { code: 'EPIPE' }));
    assert.deepEqual(codes, [141]);
  });
});
