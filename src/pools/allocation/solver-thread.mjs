// The thread of solver.ts: solves the one programme that it was started with, answers, ends.
import { parentPort, workerData } from 'node:worker_threads';
import { solveMilp } from './solve-milp.mjs';

try {
  parentPort.postMessage(await solveMilp(workerData.request, workerData.wasmModule));
} catch (error) {
  // The solver's text alone: its stack is a page of generated code.
  parentPort.postMessage({ crashed: error.message });
}
