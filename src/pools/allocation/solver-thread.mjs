// The thread of solver.ts: solves the one programme that it was started with, answers, ends. It is no TypeScript, because
// `--import tsx` does not reach the first file of a thread.
import { parentPort, workerData } from 'node:worker_threads';
import { register } from 'tsx/esm/api';

register();
try {
  const { solveMilp } = await import('./solve-milp.ts');
  parentPort.postMessage(await solveMilp(workerData));
} catch (error) {
  // The solver's text alone: its stack is a page of generated code.
  parentPort.postMessage({ crashed: error.message });
}
