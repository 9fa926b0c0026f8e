/**
 * What the parameters of models may be. One table serves the guard of the workflow, the command line and the jobs
 * (spark/sevenfold_jobs/cv/parameters.py), so that what is out of range is refused before anything runs.
 */
// eslint-disable-next-line @typescript-eslint/no-restricted-imports -- data, which the bundler takes in as it stands
import table from '../../../spark/sevenfold_jobs/cv/parameters.json' with { type: 'json' };
import type { CvInput, Task, Value } from './input.ts';
import { allows, parameterFault } from '../../planning/parameter-rules.ts';
import type { Rule } from '../../planning/parameter-rules.ts';

type Parameters = Record<string, Value | readonly Value[]>;

interface Conflict {
  where: Record<string, Rule & { unlike?: Value }>;
  says: string;
}

const survivalRules: Record<string, Record<string, Rule>> = table.survival;
const lightgbmRules: Record<string, Rule> = table.lightgbm;
const conflicts: readonly Conflict[] = table.conflicts;
const fitting: Record<string, Record<string, readonly string[]>> = table.fitting;

/** Why these parameters exclude each other, or do not fit the task; undefined if they go together. */
export function conflictIn(params: Parameters, task: Task): string | undefined {
  const found = conflicts.find(({ where }) =>
    Object.entries(where).every(([name, condition]) => meets(condition, params[name])),
  );
  if (found !== undefined) return found.says;
  // A classification's number of classes is known once its file is read: the job looks at that.
  if (task !== 'regression') return undefined;
  for (const [name, allowed] of Object.entries(fitting['regression']!)) {
    const given = params[name] ?? [];
    const names = [given].flat().map(String);
    const strange = names.find((each) => !allowed.includes(each));
    if (strange !== undefined) {
      return `${name} ${strange} does not fit a numeric target: use one of ${allowed.join(', ')}`;
    }
  }
  return undefined;
}

function meets(condition: Rule & { unlike?: Value }, value: Value | readonly Value[] | undefined): boolean {
  if (value === undefined || Array.isArray(value)) return false;
  if (condition.unlike !== undefined) return value !== condition.unlike;
  return allows(condition, value as Value);
}

/** Names that a set of LightGBM's parameters may have. */
export const lightgbmParameters = Object.keys(lightgbmRules);

/** What is out of range in what a cross-validation is started with, in one line; undefined where nothing is. */
export function parametersRefusal({ task, params, grid, sets }: CvInput): string | undefined {
  for (const [model, given] of Object.entries(params ?? {})) {
    const fault = faultIn(survivalRules[model] ?? {}, given, `${model}.`);
    if (fault !== undefined) return fault;
  }
  for (const [name, values] of Object.entries(grid ?? {})) {
    for (const value of values) {
      const fault = parameterFault(lightgbmRules, name, value);
      if (fault !== undefined) return `${name} ${fault}`;
    }
  }
  // Some set of a whole grid has each pair of values; of chosen ones it is known once they are made.
  return sets === undefined && grid !== undefined ? conflictInGrid(grid, task) : undefined;
}

function conflictInGrid(grid: Record<string, Value[]>, task: Task): string | undefined {
  const named = new Set(conflicts.flatMap(({ where }) => Object.keys(where)).concat('objective', 'metric'));
  const telling = Object.entries(grid).filter(([name]) => named.has(name));
  const sets = telling.reduce<Parameters[]>(
    (made, [name, values]) => made.flatMap((set) => values.map((value) => ({ ...set, [name]: value }))),
    [{}],
  );
  for (const set of sets) {
    const conflict = conflictIn(set, task);
    if (conflict !== undefined) return `${conflict}.`;
  }
  return undefined;
}

/** The input, if nothing in it is out of range. */
export function withinRanges(input: CvInput): { ok: true; input: CvInput } | { ok: false; message: string } {
  const refusal = parametersRefusal(input);
  return refusal === undefined
    ? { ok: true, input }
    : { ok: false, message: `Input of crossValidation: ${refusal}` };
}

/** The same of the whole parameters of one candidate, as it would be fitted. */
export function candidateRefusal(
  model: string,
  params: Record<string, Value | Value[]>,
  task: Task,
): string | undefined {
  const survival = task === 'survival';
  const rules = survival ? (survivalRules[model] ?? {}) : lightgbmRules;
  const fault = faultIn(rules, params, survival ? `${model}.` : '');
  if (fault !== undefined || survival) return fault;
  const conflict = conflictIn(params, task);
  return conflict === undefined ? undefined : `${conflict}.`;
}

function faultIn(
  rules: Record<string, Rule>,
  params: Record<string, Value | Value[]>,
  prefix: string,
): string | undefined {
  for (const [name, given] of Object.entries(params)) {
    const values = Array.isArray(given) && rules[name]?.several === true ? given : [given as Value];
    for (const value of values) {
      const fault = parameterFault(rules, name, value);
      if (fault !== undefined) return `${prefix}${name} ${fault}`;
    }
  }
  return undefined;
}
