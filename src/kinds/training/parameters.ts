/** What the parameters of models may be; the jobs read the same table (spark/sevenfold_jobs/training/spaces.py). */
// eslint-disable-next-line @typescript-eslint/no-restricted-imports -- data, which the bundler takes in as it stands
import lightgbm from '../../../spark/sevenfold_jobs/cv/parameters.json' with { type: 'json' };
// eslint-disable-next-line @typescript-eslint/no-restricted-imports -- data, which the bundler takes in as it stands
import table from '../../../spark/sevenfold_jobs/training/parameters.json' with { type: 'json' };
import { suggestion } from '../../planning/nearest.ts';
import { legible } from '../../planning/legible.ts';
import { parameterFault } from '../../planning/parameter-rules.ts';
import type { Rule } from '../../planning/parameter-rules.ts';
import { chosenModels, isTuned } from './models.ts';
import type { AskedTask, Parameter } from './models.ts';

const known: Record<string, readonly string[]> = table.known;
const rules: Record<string, Rule> = table.rules;
const lightgbmRules: Record<string, Rule> = lightgbm.lightgbm;
const ofLightgbm = new Set(['lightgbm', 'random_forest']);

/** One sentence for a parameter that its model has not, or a value that it may not have; undefined where all are right. */
export function paramsRefusal(params: Record<string, Record<string, Parameter>>): string | undefined {
  for (const [model, given] of Object.entries(params)) {
    const names = known[model] ?? [];
    const allowed = ofLightgbm.has(model) ? { ...rules, ...lightgbmRules } : rules;
    for (const [name, value] of Object.entries(given)) {
      if (!names.includes(name)) {
        return `${model} has no parameter "${legible(name)}". ${names.length > 0 ? suggestion(name, names) : 'It has none.'}`;
      }
      for (const each of typeof value === 'object' ? [value.low, value.high] : [value]) {
        const fault = parameterFault(allowed, name, each);
        if (fault !== undefined) return `${model}.${name} ${fault}`;
      }
    }
  }
  return undefined;
}

/** One sentence for a parameter that would change nothing: of a model that is not fitted, or a range where nothing is tried. */
export function idleParams(
  task: AskedTask,
  models: readonly string[] | undefined,
  params: Record<string, Record<string, Parameter>>,
): string | undefined {
  const chosen = chosenModels(task, models);
  for (const [model, given] of Object.entries(params)) {
    if (!chosen.includes(model)) {
      return `params has ${model}, which is not among the models that are fitted (${chosen.join(', ')}): name it in models.`;
    }
    const ranged = Object.keys(given).find((name) => name !== 'clusters' && typeof given[name] === 'object');
    if (ranged !== undefined && !isTuned(model)) {
      return `${model}.${ranged} is a range, and ${model} is fitted once, not tuned: give one value.`;
    }
  }
  return undefined;
}
