import type { Config } from '../../../config.ts';
import type { Database } from '../../../database/pool.ts';
import type { Day } from '../../../planning/days.ts';
import type { SinkName } from '../planning/sink-names.ts';

/**
 * Where the paths of a run lie: part of its request, and what its jobs are given. Points, quantiles, metadata and the
 * ledger are PostgreSQL's always. The Python twin is spark/sevenfold_jobs/sinks.
 */
export interface SinkPlace {
  name: SinkName;
  /** A folder from / on, or gs://bucket/folder, for a sink that keeps files. */
  path?: string;
}

/** Which dates of which forecasts are looked at. */
export interface PathsQuestion {
  commodity: string;
  version: string;
  start: Day;
  end: Day;
  paths: number;
  horizon: number;
}

/** What a sink holds of each date, as a part of the one statement that gives the verdicts (sql/forecast-dates.sql). */
export interface PathsSeen {
  /** A select of `date, found, sound, first, last, cutoff`, one row a date that has a path; cutoff null: kept by a check. */
  select: string;
  /** Values of its parameters, from $17 on. */
  values: unknown[];
  /** What `path_fingerprints.sink` calls it. */
  id: string;
  /** Its rows and the metadata are written in one transaction, so that the metadata says what they were made of. */
  withMetadata: boolean;
  /** Writes of others that were seen among the newest, in words; empty for a sink where nobody can tell. */
  foreign: readonly string[];
  /** Files that are damaged or gone: what they held counts as not there. */
  lost: readonly string[];
}

/** One sink, opened at its place. */
export interface Sink {
  place: SinkPlace;
  /** How many dates with so many paths one task writes, at most. */
  datesOfATask(paths: number): number;
  /** Makes what has to be there before the first date is looked at. */
  prepare(database: Database, commodity: string, version: string): Promise<void>;
  /** Before a run is verified: right after a load nothing is known of a table, and a guess costs a minute. */
  analyze?(database: Database, commodity: string, version: string): Promise<void>;
  /** Counts what is there; throws where the place cannot be read. */
  look(database: Database, question: PathsQuestion): Promise<PathsSeen>;
}

/** A kind of sink. All that is peculiar to one is in its own file. */
export interface SinkDefinition {
  name: SinkName;
  /** What its place is, or undefined where it has none of its own; `objects` is where large things of the engine lie. */
  defaultPath?(objects: string): string;
  /** Why it cannot be kept at a path, in words that end a line; undefined where it can. */
  refusal?(path: string): string | undefined;
  open(config: Config, place: SinkPlace): Sink;
}
