import type { BatchPlacement } from '../activities/place-batch.ts';
import type { Config } from '../config.ts';
import type { Database } from '../database/pool.ts';
import type { Check } from '../ledger/checks.ts';
import type { OpenedChunk, UnitTally } from '../ledger/chunks.ts';
import type { Reason } from '../ledger/reason.ts';
import type { Run, RunStatus } from '../ledger/runs.ts';
import type { Unit } from '../ledger/units.ts';
import type { Message } from '../notifications/message.ts';
import type { ChunkPlan, OpenUnit } from '../planning/chunks.ts';

/** What a kind may read from. */
export interface World {
  database: Database;
  config: Config;
}

/** How one phase of a run is judged. Its name is that of its unit. */
export interface Phase {
  /**
   * A digest of what the phase would read now: if rows were made from the same, they are kept. The rows of a fanned
   * phase carry digests of their own, so that only they are asked.
   */
  reads(world: World, run: Run): Promise<string>;
  /**
   * The one definition of whole: asked before the work (is there anything left to do?) and after it (is it done?). One
   * check a concern; the one named `rows` counts what was found against what is due.
   */
  whole(world: World, run: Run): Promise<Check[]>;
  /** Done in chunks, each of them a batch; its units are judged one by one. */
  fanned?: Fanned;
}

/** How the work of a fanned phase is cut and sent. */
export interface Fanned {
  /** `units.kind` of what its chunks hold, and what several of them are called. */
  unitKind: string;
  unitsName: string;
  /** What is still to be done, cut into chunks. */
  plan(world: World, run: Run): Promise<{ open: readonly OpenUnit[]; plan: ChunkPlan }>;
  /** What the batch of a chunk is asked. */
  request(world: World, run: Run, chunk: OpenedChunk): Promise<ChunkRequest>;
}

/** The request of a chunk's batch. */
export interface ChunkRequest {
  job: string;
  input: Record<string, unknown>;
  /** If it differs from the usual limit. */
  timeoutMs?: number;
  placement?: BatchPlacement;
}

/** How a run ended, as far as the ledger counts it. */
export interface Ending {
  status: RunStatus;
  phases: readonly Unit[];
  tallies: readonly UnitTally[];
  counts: Record<string, number>;
}

/** What a person reads when a complete run has been watched to its end. */
export interface FinishLines {
  /** What was run; by default the key. */
  title?: string;
  figures: readonly string[];
  /** Further lines. */
  remarks?: readonly string[];
}

/**
 * A kind of run: all that the shared machinery must ask about it. One object a kind, in the registry (index.ts); a kind
 * that lacks a part does not compile.
 */
export interface Kind {
  /** The type of its workflow, which is what `runs.kind` holds. */
  name: string;
  /** For people: "forecast backfill". */
  title: string;
  /** In Temporal and in the queue of an engine; 1 goes first. */
  priority: number;

  /** Why the guards of the workflow would refuse this input, in one line; undefined if they accept it. */
  refusal(input: Record<string, unknown>): string | undefined;
  /** The input has a data set; a schedule that names none takes the installation's. */
  takesDataset: boolean;
  /** The business key of the run that a schedule starts at a nominal time; undefined: it is found by its workflow id alone. */
  scheduledKey?(input: Record<string, unknown>, nominalTime: Date): string;
  /** Made from generated data, of which nothing leaves the machine. */
  isSample(input: Record<string, unknown>): boolean;
  /** The input of a further start of an ended run: without the options that forced phases of the first. */
  again?(input: Record<string, unknown>): object;

  /** The phase of this name; undefined if the kind has none. */
  phase(unit: string): Phase | undefined;
  /** It writes nothing that another run writes as well: neither overtakes the other. */
  onlyReads?: boolean;
  /** A run without a single complete unit has failed, not ended partial. */
  mustMakeUnits?: boolean;
  /** Units of this kind can be left out by a person's decision. */
  skippable?: 'date';

  /** The figures a run is judged by at a glance. */
  counts(database: Database, run: Run): Promise<Record<string, number>>;
  /** What a run ended with, in one line, from the ledger. */
  statement(database: Database, run: Run, ending: Ending): Promise<string>;
  /** Why units of the run are not complete. */
  explain?(database: Database, run: Run, phases: readonly Unit[]): Promise<Reason[]>;
  finish(database: Database, run: Run, counts: Record<string, number>): Promise<FinishLines>;
  /** Its page, one complete HTML document; a kind without a phase `report` has none. */
  page?(database: Database, run: Run): Promise<string>;
  /** The message that is sent when a run has ended. */
  message?: Message;
}
