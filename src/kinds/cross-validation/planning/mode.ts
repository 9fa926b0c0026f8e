import { cvDefaults } from '../input.ts';
import type { CvInput, CvMode } from '../input.ts';

/** How the fits of a run are carried out, decided once and noted with its phase. */
export interface CvPlan {
  mode: Exclude<CvMode, 'auto'>;
  /** Fits at a time in one batch. */
  processes: number;
  /** Why, in a few words. */
  why: string;
  /** Expected, of one core. */
  workSeconds: number;
}

export interface CvMachine {
  /** Cores of this machine that Spark may use. */
  cores: number;
  /** New batches of this run can go to a cluster. */
  cluster: boolean;
}

/** By what was asked, else by the expected work: bytes of a file say little of it. */
export function planMode(input: CvInput, workSeconds: number, { cores, cluster }: CvMachine): CvPlan {
  const local = localCores(input.sparkMaster, cores);
  const processes = input.jobs ?? local;
  const asked = askedMode(input);
  const plan = (mode: CvPlan['mode'], why: string): CvPlan => ({
    mode,
    processes: mode === 'pandas' ? 1 : processes,
    why,
    workSeconds,
  });
  if (asked !== 'auto') return plan(asked, 'asked for');
  const pandasBelow = input.pandasBelow ?? cvDefaults.pandasBelow;
  const mpBelow = input.mpBelow ?? cvDefaults.mpBelow;
  const expected = `${Math.round(workSeconds)} s of work expected`;
  if (workSeconds < pandasBelow || (workSeconds < mpBelow && processes === 1)) {
    return plan('pandas', `${expected}, less than ${processes === 1 ? mpBelow : pandasBelow} s`);
  }
  if (workSeconds < mpBelow) return plan('mp', `${expected}, less than ${mpBelow} s`);
  if (cluster) return plan('spark_cluster', `${expected}, at least ${mpBelow} s`);
  // Spark of this machine has no more cores than the processes, and starts a JVM for every fold.
  return plan(processes === 1 ? 'pandas' : 'mp', `${expected}, and no cluster`);
}

/** A Spark master says where Spark runs, and so that it is Spark. */
export function askedMode({ mode = cvDefaults.mode, sparkMaster }: CvInput): CvMode {
  if (mode !== 'auto' || sparkMaster === undefined) return mode;
  return sparkMaster.startsWith('spark://') ? 'spark_cluster' : 'spark_local';
}

function localCores(master: string | undefined, cores: number): number {
  const named = /^local\[(\d+)\]$/.exec(master ?? '');
  return named ? Number(named[1]) : cores;
}
