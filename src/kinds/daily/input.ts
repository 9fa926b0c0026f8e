import { parityMark } from '../../planning/dataset-key.ts';
import type { Day } from '../../planning/days.ts';
import { day, flag, listOf, oneOf, readFields, text } from '../../planning/input.ts';
import type { Guards } from '../../planning/input.ts';
import { legible } from '../../planning/legible.ts';
import { placementGuards } from '../../planning/placement-input.ts';
import type { PlacementInput } from '../../planning/placement-input.ts';
import { livePhases } from './phases.ts';
import type { DailyPhase } from './phases.ts';

/** Where the data of a run on pools come from. */
export interface Source {
  /** `files` reads a folder, `sample` generates a panel, `live` fetches the day's own data. */
  dataset: 'sample' | 'files' | 'live';
  /** The folder of `files`. */
  path?: string;
}

/** What `dailyPipeline` is started with. */
export interface DailyInput extends Source, PlacementInput {
  /** The run date T; left out only by a schedule, whose nominal day it then is. */
  date?: Day;
  /** Metrics and grouping by the original's rules, for comparison. */
  parity?: boolean;
  /** Redo every phase, whatever is there. */
  force?: boolean;
  /** Redo these phases and all after the first of them. */
  forcePhases?: DailyPhase[];
  /** `paper`: our own books. `onchain`: what the wallets of the installation hold (data set `live` alone). */
  portfolio?: 'paper' | 'onchain';
  /** A person approves or rejects the transactions of an on-chain portfolio before the day ends. */
  approval?: boolean;
}

export type ParsedDailyInput = { ok: true; input: DailyInput } | { ok: false; message: string };

const what = 'Input of dailyPipeline';

const guards: Guards<DailyInput> = {
  dataset: oneOf('sample', 'files', 'live'),
  date: day,
  path: text,
  parity: flag,
  force: flag,
  forcePhases: listOf(oneOf(...livePhases)),
  portfolio: oneOf('paper', 'onchain'),
  approval: flag,
  ...placementGuards,
};

/** Reads what somebody sent; a refusal is one line that names the field. */
export function parseDailyInput(raw: unknown): ParsedDailyInput {
  const read = readFields<DailyInput>(raw, what, guards, ['dataset']);
  if (!read.ok) return read;
  const refusal = checkSource(read.value) ?? checkPhases(read.value) ?? checkPortfolio(read.value);
  return refusal === undefined
    ? { ok: true, input: read.value }
    : { ok: false, message: `${what}: ${refusal}` };
}

function checkPhases({ dataset, forcePhases }: DailyInput): string | undefined {
  return dataset !== 'live' && forcePhases?.includes('fetch') === true
    ? 'forcePhases holds "fetch", but only dataset "live" is fetched. Leave it out.'
    : undefined;
}

function checkPortfolio({ dataset, portfolio, parity, approval }: DailyInput): string | undefined {
  if (portfolio !== 'onchain') {
    return approval === true
      ? 'approval belongs to portfolio "onchain": nobody carries out what a paper portfolio decides. Leave it out.'
      : undefined;
  }
  if (dataset !== 'live')
    return 'portfolio "onchain" is asked of the chain today: it needs dataset "live". Leave it out.';
  return parity === true
    ? 'portfolio "onchain" decides about real money, parity is for comparison: give one or the other.'
    : undefined;
}

/** Why this cannot be a source, as the end of a sentence; undefined when it can. */
export function checkSource({ dataset, path }: Source): string | undefined {
  if (dataset === 'sample') {
    return path === undefined
      ? undefined
      : 'path belongs to dataset "files"; the sample is generated. Leave it out.';
  }
  if (dataset === 'live') {
    return path === undefined
      ? undefined
      : 'path belongs to dataset "files"; live data are fetched. Leave it out.';
  }
  if (path === undefined) return 'dataset "files" needs path, the folder that holds its files.';
  const folder = lastFolder(path);
  if (folder === undefined) {
    return `path is "${legible(path)}", but must end in the name of a folder: the data set is called after it.`;
  }
  if (!/^[\p{L}\p{N}][\p{L}\p{N} ._-]*$/u.test(folder)) {
    return `the folder "${legible(folder)}" cannot name a data set; use letters, digits, blanks, ".", "_" and "-", beginning with a letter or a digit.`;
  }
  return undefined;
}

/** The first key column of every pool table: `sample`, `live` or `files/<folder>`, with `+parity` for parity runs. */
export function datasetKey(input: Source & { parity?: boolean }): string {
  const name = input.dataset !== 'files' ? input.dataset : `files/${lastFolder(input.path ?? '') ?? ''}`;
  return input.parity === true ? `${name}${parityMark}` : name;
}

/** The business key of a day: what the ledger knows the run by, whoever starts it. */
export function runKey(input: DailyInput, date: Day): string {
  return `daily/${datasetKey(input)}/${date}`;
}

/** The last part of a path that is a name; undefined for `/`, `.` and what ends in `..`. */
function lastFolder(path: string): string | undefined {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  const last = parts.at(-1);
  return last === '..' ? undefined : last;
}
