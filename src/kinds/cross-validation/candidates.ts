import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../../failures.ts';
import { suggestion } from '../../planning/nearest.ts';
import { cvDefaults, usualModels } from './input.ts';
import type { CvInput, Task, Value } from './input.ts';
import { hash } from '../digest.ts';
import { candidateRefusal, lightgbmParameters, parametersRefusal } from './parameters.ts';

/** What is fitted on every fold: a model, or the booster with one set of parameters. */
export interface CvCandidate {
  /** How it is called on pages and in units: `gbsa`, `lightgbm 14`. */
  label: string;
  model: string;
  params: Record<string, Value>;
  /** Hash of model and parameters. */
  paramsHash: string;
}

type Parameters = Record<string, Value>;

/** config/cv/survival.json: the parameters of every model by run type. */
type SurvivalSettings = Record<string, Record<string, Parameters>>;

/** config/cv/lightgbm.json. */
export interface GridSettings {
  /** The values of each parameter that is varied. */
  grid: Record<string, Value[]>;
  /** The parameters of the grid, the one that varies slowest first. */
  order: string[];
  fixed: Parameters;
  regression: Parameters;
  parity: Parameters;
}

/** What shapes the bins: a fold is binned once for all sets, so no set can say it. */
export const binParameters = [
  ...[
    'max_bin',
    'min_data_in_bin',
    'bin_construct_sample_cnt',
    'use_missing',
    'zero_as_missing',
    'enable_bundle',
  ],
];

/** What a set may say of LightGBM, by its canonical names. */
export const gridParameters = lightgbmParameters.filter((name) => !binParameters.includes(name));

/** The folder's name is the model's in `cv_fits`. */
export const gridModel = 'lightgbm';

/** From the simplest to the least simple; parameters of a file that are not known here would be a mistake of ours. */
export const simplestFirst = [
  'cox_ph',
  'coxnet',
  'weibull_aft',
  'cox_stratified',
  'gbsa',
  'xgb_cox',
  'lgb_cox',
  'rsf',
] as const;

/** What a run fits on every fold. Throws `InvalidInput` for a model, parameter or set that does not exist. */
export function candidatesOf(checkout: string, input: CvInput): CvCandidate[] {
  return input.task === 'survival' ? survivalModels(checkout, input) : gridSets(checkout, input);
}

function survivalModels(checkout: string, input: CvInput): CvCandidate[] {
  const settings = readSettings<SurvivalSettings>(checkout, 'survival')[input.runType ?? cvDefaults.runType]!;
  const known = Object.keys(settings);
  const named = [...new Set(input.models ?? usualModels)];
  for (const model of [...named, ...Object.keys(input.params ?? {})]) {
    if (!known.includes(model)) refuse(`There is no model "${model}". ${suggestion(model, known)}`);
  }
  const unused = Object.keys(input.params ?? {}).find((model) => !named.includes(model));
  if (unused !== undefined) refuse(`params has ${unused}, but the models are ${named.join(', ')}.`);
  return named.map((model) => {
    const usual = settings[model]!;
    const given = input.params?.[model] ?? {};
    for (const name of Object.keys(given)) {
      if (!Object.hasOwn(usual, name)) {
        refuse(`Model ${model} has no parameter "${name}". ${suggestion(name, Object.keys(usual))}`);
      }
    }
    return sound(candidate(model, model, { ...usual, ...given }), 'survival');
  });
}

function gridSets(checkout: string, input: CvInput): CvCandidate[] {
  const settings = readSettings<GridSettings>(checkout, 'lightgbm');
  const { grid: usual, order } = settings;
  const fixed = gridFixed(input, settings);
  for (const name of Object.keys(input.grid ?? {})) {
    if (binParameters.includes(name)) {
      refuse(
        `${name} shapes the bins, which a fold has once for all sets: set it in config/cv/lightgbm.json.`,
      );
    }
    if (!gridParameters.includes(name)) {
      refuse(`LightGBM has no parameter "${name}". ${suggestion(name, gridParameters)}`);
    }
  }
  const outOfRange = parametersRefusal(input);
  if (outOfRange !== undefined) refuse(outOfRange);
  const grid = input.grid ?? usual;
  const names = [...order, ...gridParameters.filter((name) => !order.includes(name))].filter((name) =>
    Object.hasOwn(grid, name),
  );
  const all = product(names.map((name) => grid[name]!.map((value): Parameters => ({ [name]: value }))));
  const beyond = input.sets?.find((number) => number > all.length);
  if (beyond !== undefined) refuse(`sets has ${beyond}, but the grid has ${all.length} sets.`);
  const numbers = input.sets === undefined ? all.map((_, index) => index + 1) : [...new Set(input.sets)];
  return numbers.map((number) =>
    sound(candidate(`${gridModel} ${number}`, gridModel, { ...fixed, ...all[number - 1]! }), input.task),
  );
}

/** How many classes there are is known once the data is read: the job adds what a classification of that many needs. */
function gridFixed({ parity, task }: CvInput, settings: GridSettings): Parameters {
  if (parity === true) return { ...settings.fixed, ...settings.parity };
  return task === 'regression' ? { ...settings.fixed, ...settings.regression } : settings.fixed;
}

function product(factors: readonly Parameters[][]): Parameters[] {
  return factors.reduce<Parameters[]>(
    (sets, factor) => sets.flatMap((set) => factor.map((one) => ({ ...set, ...one }))),
    [{}],
  );
}

function candidate(label: string, model: string, params: Parameters): CvCandidate {
  return { label, model, params, paramsHash: hash([model, params], 8) };
}

export function readSettings<Settings>(checkout: string, name: 'survival' | 'lightgbm'): Settings {
  return JSON.parse(readFileSync(join(checkout, 'config/cv', `${name}.json`), 'utf8')) as Settings;
}

/** What decides, and which way. */
export function criterionOf(task: Task): { metric: string; higherIsBetter: boolean } {
  switch (task) {
    case 'survival':
      return { metric: 'cindex_tau', higherIsBetter: true };
    case 'classification':
      return { metric: 'auc', higherIsBetter: true };
    case 'regression':
      return { metric: 'rmse', higherIsBetter: false };
  }
}

/** As it would be fitted, with what the configuration adds: what stands there may be out of range as well. */
function sound(made: CvCandidate, task: Task): CvCandidate {
  const refusal = candidateRefusal(made.model, made.params, task);
  if (refusal !== undefined) refuse(refusal);
  return made;
}

function refuse(message: string): never {
  throw new Failure('InvalidInput', message);
}
