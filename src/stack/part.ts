import path from 'node:path';
import type { NamedProcess } from './ownership.ts';
import type { ProcessIdentity } from './processes.ts';

/** What must be known to start a part's process. Secrets go into `env`: arguments can be seen by everybody. */
export interface Launch {
  command: string;
  args: string[];
  env: Record<string, string | undefined>;
  cwd: string;
  uid?: number;
  gid?: number;
}

/** `serving` does its work; `starting` is busy coming up; `silent` does not answer at all. */
export type Health = 'serving' | 'starting' | 'silent';

/** How a process is asked to end before it is killed. */
export interface Stop {
  signal: NodeJS.Signals;
  graceMs: number;
}

/** One kind of process that the supervisor keeps running. */
export interface Part {
  readonly name: string;
  /** The parts that must serve before this one is started; it is stopped before them. */
  readonly needs: readonly string[];
  /** It runs this checkout's code, and is replaced when that changes. */
  readonly runsOurCode: boolean;
  readonly stop: Stop;
  /** So long may it be silent before it counts as hung. */
  readonly silentLimitMs: number;
  address(): string | null;
  /** Everything that comes before its process: called before each start, with nothing left of an earlier one. */
  prepare(): Promise<Launch>;
  health(process: ProcessIdentity, startedAt: number): Promise<Health>;
  /** What keeps a part that answers from doing its work, as of the last look at its health. */
  trouble?(): string | null;
  /** What must be done once a new process serves, before others may use it. Safe to repeat. */
  settle?(process: ProcessIdentity): Promise<void>;
  /** Ends what earlier processes of the part left behind where the mark does not find it. */
  clear?(): Promise<void>;
}

/** `<state>/parts/<part>.json`: by it a part is adopted, or ended by whoever takes the stack down. */
export interface PartRecord extends NamedProcess {
  name: string;
  needs: readonly string[];
  stop: Stop;
  /** Version of the code that the process runs. */
  codeVersion: string;
  /** When it was started, ISO 8601. */
  since: string;
}

export function partsFolder(stateFolder: string): string {
  return path.join(stateFolder, 'parts');
}

export function recordFile(stateFolder: string, part: string): string {
  return path.join(partsFolder(stateFolder), `${part}.json`);
}
