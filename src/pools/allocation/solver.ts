import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import type { SolveAnswer, SolveRequest } from './solve-milp.mjs';

/** The solver's name and version, for the record. */
export const solverName = 'HiGHS 1.15';

/** The solver died instead of answering. */
export class SolverCrashed extends Error {}

/** Solves a programme; `seconds` is what it took altogether. */
export type Solve = (request: SolveRequest) => Promise<SolveAnswer & { seconds: number }>;

// Node's types do not know it.
const { WebAssembly } = globalThis as unknown as {
  WebAssembly: { compile: (bytes: Uint8Array) => Promise<object> };
};

let compiled: Promise<object> | undefined;

/** Compiled once a process: threads share the code, and what was made fast in one is fast in the next. */
function wasmModule(): Promise<object> {
  const file = createRequire(import.meta.url).resolve('highs/runtime');
  compiled ??= readFile(file).then((bytes) => WebAssembly.compile(bytes));
  return compiled;
}

const threadFile = new URL('./solver-thread.mjs', import.meta.url);

/** How long over its own limit the solver may run, as a factor and in seconds, before its thread is ended. */
const patience = { factor: 1.2, seconds: 5 };

/**
 * Solves a programme in a thread of its own, so that the worker goes on answering, and so that a solver that does not
 * look at its clock can be ended. Throws `SolverCrashed` when the thread dies.
 */
export async function solveInThread(
  request: SolveRequest,
  { thread = threadFile, hardLimitMs }: { thread?: URL; hardLimitMs?: number } = {},
): Promise<SolveAnswer & { seconds: number }> {
  const limitMs = hardLimitMs ?? (request.timeLimitSeconds * patience.factor + patience.seconds) * 1000;
  const started = performance.now();
  const worker = new Worker(thread, {
    workerData: { request, wasmModule: await wasmModule() },
    execArgv: [],
  });
  let timer: NodeJS.Timeout | undefined;
  try {
    const answer = await new Promise<SolveAnswer | { crashed: string }>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', (error) => reject(new SolverCrashed(firstLine(error.message))));
      worker.once('exit', (code) => reject(new SolverCrashed(`the solver's thread ended with code ${code}`)));
      timer = setTimeout(() => {
        const why = `the solver did not keep its limit of ${request.timeLimitSeconds} s and was ended`;
        resolve({ outcome: 'none', why });
      }, limitMs);
    });
    if ('crashed' in answer) throw new SolverCrashed(firstLine(answer.crashed));
    return { ...answer, seconds: (performance.now() - started) / 1000 };
  } finally {
    clearTimeout(timer);
    await worker.terminate();
  }
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0]!.slice(0, 200);
}
