import path from 'node:path';
import type { FailureType } from '../../failures.ts';
import { socketFolder } from '../../stack/places.ts';
import type { BatchObservation, BatchRequest, BatchState } from '../engine.ts';

/**
 * What clients and the keeper say to each other over its Unix socket: one JSON object a line, every request answered by
 * one line, in order. A client that must not wait for its own long poll opens a second connection.
 */
export type KeeperRequest =
  | { method: 'submit'; request: BatchRequest; environment: Record<string, string> }
  | { method: 'look'; batchId: string }
  | { method: 'lookForChange'; batchId: string; than: BatchState | undefined; waitMs: number }
  | { method: 'cancel'; batchId: string }
  | { method: 'list' }
  | { method: 'health' };

export type KeeperAnswer =
  | { value: BatchObservation | BatchObservation[] | KeeperHealth | null }
  | { error: { type: FailureType; message: string } };

/** How the keeper is, for `status` and `doctor`. */
export interface KeeperHealth {
  pid: number;
  jvm: {
    state: 'starting' | 'ready' | 'failing';
    pid: number | null;
    rssMb: number | null;
    /** Starts since the keeper started, including the first. */
    starts: number;
    /** Why earlier ones were replaced. */
    replaced: { died: number; hung: number; grown: number };
    /** What went wrong last, in one line. */
    problem: string | null;
  };
  runner: { pid: number | null; rssMb: number | null };
  slots: number;
  running: string[];
  waiting: string[];
}

/** Where the keeper of a state folder listens. */
export function keeperSocket(stateFolder: string): string {
  return path.join(socketFolder(stateFolder), 'keeper.sock');
}
