import { mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { readConfig } from '../../src/config.ts';
import { writeJson } from '../../src/stack/files.ts';
import { isSame } from '../../src/stack/processes.ts';
import type { ProcessIdentity } from '../../src/stack/processes.ts';
import { ensureUp, wipe } from '../../src/stack/stack.ts';
import type { Stack } from '../../src/stack/stack.ts';
import { locateToolchain } from '../../src/stack/toolchain.ts';
import { scriptArguments } from './scripts.ts';
import { until } from './until.ts';

const supervisor = scriptArguments('test/support/stack-supervisor.ts');

function temporalProgram(): string {
  const { stateFolder, cacheFolder } = readConfig();
  try {
    return locateToolchain(stateFolder).temporal;
  } catch {
    const built = path.join(cacheFolder || path.join(homedir(), '.cache', 'sevenfold'), 'temporal');
    const version = readdirSync(built).sort().at(-1) ?? '';
    return path.join(built, version, 'temporal');
  }
}

export interface TestStack {
  place: { checkout: string; stateFolder: string };
  /** What `ensureUp` reported. */
  said: string[];
  up(timeoutMs?: number): Promise<Stack>;
}

/** `postgres` and `temporal` are the real ones; every other name is a process that sleeps. */
export type TestPart = 'postgres' | 'temporal' | (string & {});

/** A stack of its own, in a checkout of its own whose code is what the test writes there; wiped when the test ends. */
export function testStack(t: Pick<TestContext, 'after'>, parts: TestPart[], folder?: string): TestStack {
  const home = folder ?? realpathSync(mkdtempSync(path.join(tmpdir(), 'sevenfold-stack-')));
  const checkout = path.join(home, 'checkout');
  const stateFolder = path.join(checkout, '.sevenfold');
  writeJson(path.join(stateFolder, 'toolchain.json'), {
    python: '/usr/bin/python3',
    javaHome: '/usr',
    jars: [],
    temporal: temporalProgram(),
    testServerJars: [],
  });
  writeJson(path.join(stateFolder, 'setup.parts.json'), parts);
  const place = { checkout, stateFolder };
  const said: string[] = [];
  t.after(async () => {
    await wipe(place, () => undefined);
    rmSync(home, { recursive: true, force: true });
  });
  return {
    place,
    said,
    up: (timeoutMs = 60_000) => ensureUp(place, (line) => said.push(line), { supervisor, timeoutMs }),
  };
}

/** kill -9, and gone when it returns. */
export async function kill9(identity: ProcessIdentity): Promise<void> {
  process.kill(identity.pid, 'SIGKILL');
  await until(`${identity.pid} is gone`, () => !isSame(identity));
}

export function partOf(stack: Stack, name: string): ProcessIdentity {
  const part = stack.parts.find((one) => one.name === name);
  if (part?.pid == null || part.startTime === null) throw new Error(`${name} does not run`);
  return { pid: part.pid, startTime: part.startTime };
}
