/** Set-up that is ended in mid-step, and two of them at once. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { program, setUp, uvThatMakesEnvironments, withEverythingInReach } from './support/bare-clone.ts';

for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
  test(`set-up ended by ${signal} in mid-step leaves nothing half-made and is continued by the next one`, async (t) => {
    const clone = withEverythingInReach(t);
    const reached = await arrivals(t);
    // Building the environment hangs as a slow download would.
    program(
      clone,
      'uv',
      `case "$1" in --version) echo 'uv 0.13.8' ;; venv) ${reached.call}; sleep 600 ;; esac`,
    );
    const first = spawn(process.execPath, ['setup.mjs'], {
      cwd: clone.clone,
      env: clone.env,
      stdio: 'ignore',
    });
    const ended = new Promise((resolve) => first.once('exit', (code, by) => resolve(by ?? code)));
    const sleeper = await reached.next();
    first.kill(signal);
    assert.equal(await ended, signal === 'SIGKILL' ? 'SIGKILL' : 143);

    program(clone, 'uv', uvThatMakesEnvironments);
    const second = setUp(clone);
    assert.equal(second.code, 0, second.lines.join('\n'));
    assert.equal(setUp(clone, '--check').code, 0);
    await gone(sleeper);
    assert.ok(!existsSync(join(clone.state, 'setup.lock')), 'the lock is released');
  });
}

test('two set-ups at once: the second waits, and each step is done once', async (t) => {
  const clone = withEverythingInReach(t);
  const reached = await arrivals(t);
  program(
    clone,
    'uv',
    uvThatMakesEnvironments.replace(
      'venv)',
      `venv) ${reached.call}; while ! [ -e '${clone.root}/go' ]; do sleep 0.05; done;`,
    ),
  );
  const start = () => {
    const child = spawn(process.execPath, ['setup.mjs'], { cwd: clone.clone, env: clone.env });
    let text = '';
    child.stderr.on('data', (data: Buffer) => (text += data.toString()));
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    return { ended, text: () => text };
  };
  const first = start();
  await reached.next();
  const second = start();
  while (!second.text().includes('waiting for another set-up')) await delay(20);
  writeFileSync(join(clone.root, 'go'), '');
  assert.deepEqual(await Promise.all([first.ended, second.ended]), [0, 0]);
  assert.match(first.text(), /Python environment: ready/);
  assert.doesNotMatch(second.text(), /Python environment/);
});

/** Lets a shell script say where it is: it calls this process, with its own pid, by a shell that needs no other program. */
async function arrivals(t: TestContext) {
  const waiting: ((pid: number) => void)[] = [];
  const arrived: number[] = [];
  const server = createServer((request, response) => {
    const pid = Number(new URL(request.url ?? '', 'http://localhost').searchParams.get('pid'));
    const next = waiting.shift();
    if (next === undefined) arrived.push(pid);
    else next(pid);
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const hello = `fetch('http://127.0.0.1:${port}/?pid=' + process.argv[1])`;
  return {
    call: `'${process.execPath}' -e "${hello}" $$`,
    next: () =>
      new Promise<number>((resolve) => {
        const pid = arrived.shift();
        if (pid === undefined) waiting.push(resolve);
        else resolve(pid);
      }),
  };
}

async function gone(pid: number): Promise<void> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    assert.ok(Date.now() < deadline, `process ${pid} still runs`);
    await delay(20);
  }
}
