import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { programArguments } from '../../setup/programs.mjs';
import { Failure } from '../failures.ts';
import { addressesFile, readChosen, refuseLostData } from './chosen.ts';
import { codeVersion } from './code-version.ts';
import { killAlone, upLock } from './down.ts';
import { endAllMarked, markOf } from './ending.ts';
import { lockHolder, withLock } from './lock.ts';
import { lastWords, logFile, openLog, sizeOf } from './logs.ts';
import { markVariable } from './ownership.ts';
import { isSame, processInfo } from './processes.ts';
import { readStack } from './record.ts';
import type { Stack } from './record.ts';
import { supervisorLock } from './supervisor.ts';
import type { PartStatus } from './watch.ts';

export { takeDown, wipe } from './down.ts';
export { readStack } from './record.ts';
export type { Stack } from './record.ts';

/** What the stack needs of the configuration (src/config.ts). */
export interface StackPlace {
  checkout: string;
  stateFolder: string;
}

export interface EnsureOptions {
  /** Node's arguments for the supervisor; tests have their own, with other parts. */
  supervisor?: readonly string[];
  timeoutMs?: number;
  /**
   * Only revive what died: code that changed since the start is left for the next command, and a stack that was taken down
   * stays down (`Cancelled`).
   */
  reviveOnly?: boolean;
}

type Report = (line: string) => void;

/** Starts in a row after which a part is given up on by whoever waits; the supervisor goes on trying. */
const patience = 3;

function isRunning(part: PartStatus): boolean {
  const { pid, startTime } = part;
  return part.state === 'running' && pid !== null && startTime !== null && isSame({ pid, startTime });
}

function isSupervised(stack: Stack): boolean {
  const { supervisor } = stack;
  if (supervisor === null) return false;
  const info = processInfo(supervisor.pid);
  return info?.startTime === supervisor.startTime && !info.zombie && !info.stopped;
}

/** Everything runs, under a living supervisor, with today's code. A few reads of files: no connection is made. */
function isWhole(stack: Stack, version: string): boolean {
  return stack.codeVersion === version && isSupervised(stack) && stack.parts.every(isRunning);
}

/**
 * Brings the stack up, or back up, or up to today's code, and answers when every part serves. Cheap when all is well.
 * Several callers at once: one does it, the others use it.
 */
export async function ensureUp(
  place: StackPlace,
  report: Report,
  options: EnsureOptions = {},
): Promise<Stack> {
  const { checkout, stateFolder } = place;
  if (options.reviveOnly) return revive(place, report, options);
  const stack = readStack(stateFolder);
  if (stack !== undefined && isWhole(stack, codeVersion(checkout, stateFolder))) return stack;
  mkdirSync(stateFolder, { recursive: true });
  return withLock(upLock(stateFolder), async () => {
    refuseLostData(stateFolder);
    await endWhereItWasMovedFrom(stateFolder);
    return bringUp(place, report, options);
  });
}

/**
 * A state folder that was moved while its stack ran: nobody else can end those processes any more, and they would go on
 * writing into it by the names of their open files. Those of a folder that is still there are that folder's.
 */
async function endWhereItWasMovedFrom(stateFolder: string): Promise<void> {
  const from = readChosen(stateFolder)?.from;
  if (from !== undefined && !existsSync(addressesFile(from))) await endAllMarked(from);
}

/** A supervisor that lives brings back its parts by itself, whatever has become of the code since. */
async function revive(place: StackPlace, report: Report, options: EnsureOptions): Promise<Stack> {
  const { stateFolder } = place;
  const supervised = () => {
    const stack = readStack(stateFolder);
    if (stack?.supervisor == null) {
      throw new Failure('Cancelled', 'The stack was taken down; open runs go on after: npx sevenfold up');
    }
    return isSupervised(stack) ? stack : undefined;
  };
  const stack = supervised();
  if (stack !== undefined) return stack;
  // Looked at again under the lock: whoever takes the stack down holds it until it is down.
  return withLock(upLock(stateFolder), async () => supervised() ?? (await bringUp(place, report, options)));
}

async function waitFor(condition: () => boolean, timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!condition() && performance.now() < deadline) await sleep(10);
}

async function bringUp(place: StackPlace, report: Report, options: EnsureOptions): Promise<Stack> {
  const { checkout, stateFolder } = place;
  // Not by the clock, which a person or a time service may set back meanwhile.
  const deadline = performance.now() + (options.timeoutMs ?? 240_000);
  const log = logFile(stateFolder, 'supervisor');
  const shown = new Map<string, string>();
  let logStart = 0;
  let version = codeVersion(checkout, stateFolder);
  for (let starts = 0; ;) {
    const stack = readStack(stateFolder);
    if (stack !== undefined && isWhole(stack, version)) return stack;

    const supervisor = lockHolder(supervisorLock(stateFolder));
    const described = stack !== undefined && stack.supervisor?.pid === supervisor?.pid;
    // Read again before anything is ended for it: the code may be changing this very moment.
    if (described && stack.codeVersion !== version) version = codeVersion(checkout, stateFolder);
    const outdated = described && stack.codeVersion !== version;
    const stopped = supervisor !== undefined && (processInfo(supervisor.pid)?.stopped ?? false);
    if (supervisor !== undefined && (outdated || stopped)) {
      report(
        outdated
          ? 'the code has changed: restarting what runs it'
          : 'the supervisor was stopped: replacing it',
      );
      await killAlone(supervisor); // its parts live on, and the next one adopts them
    } else if (supervisor === undefined) {
      if (++starts > patience) {
        throw new Failure(
          'Infrastructure',
          `the supervisor does not stay up: ${lastWords(log, logStart) ?? ''} (${log})`,
        );
      }
      logStart = sizeOf(log);
      const child = startSupervisor(
        options.supervisor ?? (await programArguments('supervisor')),
        checkout,
        stateFolder,
        log,
      );
      // It takes its lock within this time, else it has ended.
      await waitFor(
        () => lockHolder(supervisorLock(stateFolder)) !== undefined || child.exitCode !== null,
        20_000,
      );
    } else if (described) {
      showProgress(stack, shown, report);
      const given = stack.parts.find((part) => part.state === 'restarting' && part.failures >= patience);
      const blocked = stack.parts.find((part) => part.lastError?.startsWith('a port in use'));
      const hopeless = blocked ?? given;
      if (hopeless !== undefined && !isRunning(hopeless)) {
        throw new Failure(
          'Infrastructure',
          `${hopeless.name} does not come up: ${hopeless.lastError ?? 'no reason given'} (log: ${logFile(stateFolder, hopeless.name)})`,
        );
      }
    }
    if (performance.now() > deadline) {
      const late = stack?.parts.filter((part) => !isRunning(part)).map((part) => part.name) ?? ['supervisor'];
      throw new Failure('Infrastructure', `${late.join(', ')} did not come up in time: npx sevenfold status`);
    }
    await sleep(25);
  }
}

function startSupervisor(program: readonly string[], checkout: string, stateFolder: string, log: string) {
  const output = openLog(log);
  try {
    const child = spawn(process.execPath, program, {
      cwd: checkout,
      detached: true,
      stdio: ['ignore', output, output],
      env: {
        ...process.env,
        SEVENFOLD_STATE: stateFolder,
        [markVariable]: markOf(stateFolder, 'supervisor'),
      },
    });
    child.unref();
    return child;
  } finally {
    closeSync(output);
  }
}

function showProgress(stack: Stack, shown: Map<string, string>, report: Report): void {
  for (const part of stack.parts) {
    const text = part.state === 'restarting' ? `restarting (${part.lastError ?? ''})` : part.state;
    if (shown.get(part.name) === text) continue;
    shown.set(part.name, text);
    if (part.state !== 'waiting')
      report(`${part.name}: ${text}${part.state === 'running' && part.address ? ` at ${part.address}` : ''}`);
  }
}

/** What runs now, by a look at the processes; undefined before the first start. */
export function stackStatus(stateFolder: string): (Stack & { supervised: boolean }) | undefined {
  const stack = readStack(stateFolder);
  if (stack === undefined) return undefined;
  const parts = stack.parts.map((part): PartStatus => {
    const { pid, startTime } = part;
    if (pid === null || startTime === null || isSame({ pid, startTime })) return part;
    return { ...part, state: part.state === 'stopped' ? 'stopped' : 'restarting', pid: null };
  });
  return { ...stack, parts, supervised: isSupervised(stack) };
}
