import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, createWriteStream, mkdirSync, realpathSync, statSync } from 'node:fs';
import { constants as osConstants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { SetupFailure } from './failure.mjs';

/** Process groups that we started and that have not ended. */
const running = new Set();

function killAll() {
  for (const pid of running) {
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // already gone
    }
  }
}

/** From now on an interrupted set-up leaves none of its commands behind. */
export function endCommandsWithUs() {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.once(signal, () => {
      killAll();
      process.stderr.write('\nset-up interrupted; run it again to continue\n');
      process.exit(128 + osConstants.signals[signal]);
    });
  }
  process.on('exit', killAll);
}

/** Called with the running process groups whenever one starts: if this process is killed, a successor ends them. */
export const groupWatchers = new Set();

/**
 * Runs a command to its end with all output in the log; gives its standard output.
 * Each command leads a process group of its own: a `kill` of us would otherwise leave compilers and installers at work.
 * @param {{cwd?: string, env?: NodeJS.ProcessEnv, log: string}} options
 */
export async function run(command, args, options) {
  mkdirSync(dirname(options.log), { recursive: true });
  const log = createWriteStream(options.log, { flags: 'a', mode: 0o600 });
  log.on('error', () => {}); // a log that cannot be written must not stop the work
  log.write(`\n${new Date().toISOString()} ${command} ${args.join(' ')}\n`);
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  if (child.pid !== undefined) running.add(child.pid);
  for (const watch of groupWatchers) watch([...running]);
  let stdout = '';
  let tail = '';
  child.stdout.on('data', (data) => {
    stdout = (stdout + data).slice(-1_000_000);
    tail = (tail + data).slice(-8_000);
    log.write(data);
  });
  child.stderr.on('data', (data) => {
    tail = (tail + data).slice(-8_000);
    log.write(data);
  });
  const ending = await new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(code === 0 ? undefined : `exit ${code ?? signal}`));
  });
  if (child.pid !== undefined) running.delete(child.pid);
  await new Promise((resolve) => log.end(resolve));
  if (ending !== undefined) throw new CommandFailure(`${ending}: ${tellingLine(tail)}`);
  return stdout;
}

/** A command's failure in a few words, to be put into a sentence that says what to do. */
export class CommandFailure extends Error {}

/** The first of the last lines that speaks of an error, else the last one. */
function tellingLine(text) {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const telling = lines
    .slice(-40)
    .find((line) => /\b(error|failed|exception|denied|unable|could not)\b/i.test(line));
  return (telling ?? lines.at(-1) ?? 'no output').slice(0, 300);
}

/** What a quick question to a program answers, or undefined where it cannot be run. */
export function ask(command, args, env = process.env) {
  const answer = spawnSync(command, args, {
    encoding: 'utf8',
    env,
    timeout: 20_000,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return answer.status === 0 ? { stdout: answer.stdout, stderr: answer.stderr } : undefined;
}

/** All programs of that name on PATH in its order, each real file once. */
export function onPath(name, env = process.env) {
  const found = new Map();
  for (const folder of (env.PATH ?? '').split(delimiter)) {
    if (folder === '') continue;
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      if (!statSync(path).isFile()) continue;
      const real = realpathSync(path);
      if (!found.has(real)) found.set(real, path);
    } catch {
      // not there, or not ours to run
    }
  }
  return [...found.values()];
}

/** Runs `work`; a command's failure in it becomes one line that says what failed and what to do. */
export async function explaining(what, advice, log, work) {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    throw new SetupFailure(`${what} failed (${error.message}). ${advice} Full output: ${log}`);
  }
}
