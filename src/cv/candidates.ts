import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../failures.ts';
import { cvDefaults, usualModels } from '../planning/cv-input.ts';
import type { CvInput, Task, Value } from '../planning/cv-input.ts';
import { hash } from '../planning/cv-key.ts';
import { suggestion } from '../planning/nearest.ts';

/** What is fitted on every fold: a model, or the booster with one set of parameters. */
export interface CvCandidate {
  /** How it is called on pages and in units: `gbsa`, `lightgbm 14`. */
  label: string;
  model: string;
  params: Record<string, Value>;
  /** Of model and parameters. */
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

/** What a set may say of LightGBM, by its canonical names; spark/sevenfold_jobs/boosting/parameters.py knows the same. */
export const gridParameters = [
  ...[
    'objective',
    'metric',
    'alpha',
    'fair_c',
    'poisson_max_delta_step',
    'tweedie_variance_power',
    'sigmoid',
  ],
  ...['is_unbalance', 'scale_pos_weight', 'boost_from_average', 'num_iterations', 'early_stopping_rounds'],
  ...['early_stopping_min_delta', 'learning_rate', 'num_leaves', 'max_depth', 'min_data_in_leaf'],
  ...['min_sum_hessian_in_leaf', 'min_gain_to_split', 'max_delta_step', 'bagging_fraction', 'bagging_freq'],
  ...['feature_fraction', 'feature_fraction_bynode', 'extra_trees', 'lambda_l1', 'lambda_l2', 'path_smooth'],
  ...['min_data_per_group', 'max_cat_threshold', 'max_cat_to_onehot', 'cat_l2', 'cat_smooth'],
  ...['histogram_pool_size', 'force_col_wise', 'force_row_wise'],
];

/** Of `gridParameters`: those whose values are names, and those that are on or off; all others are numbers. */
const textual = ['objective', 'metric'];
const switched = ['is_unbalance', 'boost_from_average', 'extra_trees', 'force_col_wise', 'force_row_wise'];

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
      // Null says "no limit" where the model has one.
      if (given[name] !== null) mustBe(kindOf(usual[name]!), `${model}.${name}`, given[name]!);
    }
    return candidate(model, model, { ...usual, ...given });
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
    const kind = textual.includes(name) ? 'string' : switched.includes(name) ? 'boolean' : 'number';
    for (const value of input.grid![name]!) mustBe(kind, name, value);
  }
  const grid = input.grid ?? usual;
  const names = [...order, ...gridParameters.filter((name) => !order.includes(name))].filter((name) =>
    Object.hasOwn(grid, name),
  );
  const all = product(names.map((name) => grid[name]!.map((value): Parameters => ({ [name]: value }))));
  const beyond = input.sets?.find((number) => number > all.length);
  if (beyond !== undefined) refuse(`sets has ${beyond}, but the grid has ${all.length} sets.`);
  const numbers = input.sets === undefined ? all.map((_, index) => index + 1) : [...new Set(input.sets)];
  return numbers.map((number) =>
    candidate(`${gridModel} ${number}`, gridModel, { ...fixed, ...all[number - 1]! }),
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

type Kind = 'number' | 'string' | 'boolean';

/** A parameter that is null where nobody changes it is a limit, which is a number. */
function kindOf(usual: Value): Kind {
  return usual === null ? 'number' : (typeof usual as Kind);
}

const words = { number: 'a number', string: 'a name', boolean: 'true or false' };

function mustBe(kind: Kind, name: string, value: Value): void {
  if (typeof value !== kind) refuse(`${name} is ${JSON.stringify(value)}, but must be ${words[kind]}.`);
}

function refuse(message: string): never {
  throw new Failure('InvalidInput', message);
}
