import { audit } from './audit/kind.ts';
import { backfill } from './backfill/kind.ts';
import { crossValidation } from './cross-validation/kind.ts';
import { daily } from './daily/kind.ts';
import { evaluation } from './evaluation/kind.ts';
import type { Kind, Phase } from './kind.ts';
import { priceImport } from './prices/kind.ts';
import { scoring } from './scoring/kind.ts';
import { training } from './training/kind.ts';
import { trainingModels } from './training-models/kind.ts';

/** The kinds that are shipped, by the workflow that carries them out: all of src/workflows but the sweep, which keeps no run. */
const shipped = [
  daily,
  evaluation,
  priceImport,
  backfill,
  trainingModels,
  audit,
  crossValidation,
  training,
  scoring,
] satisfies readonly Kind[];

const kinds = new Map<string, Kind>(shipped.map((kind) => [kind.name, kind]));

/** Adds a kind to this process: its worker must register the workflow and the activities as well. */
export function registerKind(kind: Kind): void {
  if (kinds.has(kind.name)) throw new Error(`There is a kind ${kind.name} already.`);
  kinds.set(kind.name, kind);
}

export function allKinds(): Kind[] {
  return [...kinds.values()];
}

export function findKind(name: string): Kind | undefined {
  return kinds.get(name);
}

/** The kind of a run. Throws where this code has none of that name: the run is of another version. */
export function kindOf(run: { key: string; kind: string }): Kind {
  const kind = kinds.get(run.kind);
  if (kind === undefined) {
    throw new Error(`${run.key} is a run of ${run.kind}, which this version of sevenfold does not know.`);
  }
  return kind;
}

export function phaseOf(run: { key: string; kind: string }, unit: string): Phase {
  const phase = kindOf(run).phase(unit);
  if (phase === undefined) throw new Error(`A run of ${run.kind} has no phase ${unit} in this version.`);
  return phase;
}

/** The kinds that write nothing that another run writes as well. */
export function onlyReading(): string[] {
  return allKinds().flatMap(({ name, onlyReads }) => (onlyReads === true ? [name] : []));
}
