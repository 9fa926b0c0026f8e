// What a test run started and did not stop.
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** Ends what the tests started and did not stop, after some patience; names it. */
export async function leftBehind(run, patienceMs) {
  const deadline = Date.now() + patienceMs;
  let left = ofRun(run);
  while (left.length > 0 && Date.now() < deadline) {
    await delay(100);
    left = ofRun(run);
  }
  // Once more for what was being started at that moment.
  for (let rest = left; rest.length > 0; rest = ofRun(run)) {
    for (const { pid } of rest) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // gone in this moment
      }
    }
    await delay(50);
  }
  return left;
}

/** Processes of a run by their mark, and those of the stacks that they started: PostgreSQL gets a clean environment. */
export function ofRun({ mark, stacks }) {
  const all = process.platform === 'linux' ? readdirSync('/proc').flatMap(describe) : [];
  return all.filter(({ variables, stack }) => variables.includes(mark) || stacks.has(stack));
}

function describe(name) {
  if (!/^\d+$/.test(name) || Number(name) === process.pid) return [];
  try {
    const variables = readFileSync(`/proc/${name}/environ`, 'latin1').split('\0');
    const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    const stack = stackOf(variables);
    return command === '' ? [] : [{ pid: Number(name), command: command.slice(0, 120), variables, stack }];
  } catch {
    return []; // ended, or not ours to read
  }
}

/** The mark of the stack that a process belongs to, from its environment. */
export function stackOf(variables) {
  const part = variables.find((one) => one.startsWith('SEVENFOLD_PART='));
  return part === undefined ? undefined : /^SEVENFOLD_PART=([^/]*)/.exec(part)?.[1];
}
