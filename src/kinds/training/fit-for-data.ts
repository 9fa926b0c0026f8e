/** What was asked for and cannot be, now that the data say what they are: which task, and how many classes. */
import { legible } from '../../planning/legible.ts';
import { suggestion } from '../../planning/nearest.ts';
import type { TrainingInput } from './input.ts';
import { chosenModels, metricsOf, modelsOf } from './models.ts';
import type { Parameter, Task } from './models.ts';

interface Found {
  task: Task;
  rows: number;
  classes: number;
}

/** What of a request the data may contradict. */
interface Asked {
  name: string;
  models: readonly string[] | undefined;
  metric: string | undefined;
  params: Record<string, Record<string, Parameter>>;
  threshold: TrainingInput['threshold'] | null;
  cost: Record<string, number> | null;
  settings: Record<string, unknown>;
}

/** One sentence for what would be passed over without a word otherwise; undefined where all has a meaning. */
export function refusalByData(request: Asked, found: Found): string | undefined {
  const { task, classes } = found;
  const { name, models, metric, params, threshold, cost, settings } = request;
  const known = modelsOf(task);
  const named = [...(models ?? []).filter((model) => model !== 'auto'), ...Object.keys(params)];
  const foreign = named.find((model) => !known.includes(model));
  const here = `${name} makes this a ${task}`;
  if (foreign !== undefined) {
    return `${here}, for which there is no model "${legible(foreign)}": ${suggestion(foreign, known)}`;
  }
  if (metric !== undefined && metric !== 'auto') {
    const metrics = metricsOf(task);
    if (!metrics.includes(metric)) {
      return `${here}, for which there is no metric "${legible(metric)}": ${suggestion(metric, metrics)}`;
    }
    if (metric === 'ks' && classes !== 2) return `metric ks is for two classes, and ${name} has ${classes}.`;
  }
  const ofTwo = { threshold, cost, positive: settings['positive'] };
  for (const [option, value] of Object.entries(ofTwo)) {
    if (value == null || (task === 'classification' && classes === 2)) continue;
    if (task !== 'classification')
      return `${here}, and ${option} has a meaning for two classes alone: leave it out.`;
    return `${option} is for two classes, and ${name} has ${classes}: leave it out.`;
  }
  return task === 'clustering' ? clustersRefusal(request, found.rows) : undefined;
}

/** More clusters than rows can have: each needs a row, and one of them two. */
function clustersRefusal({ name, params, models }: Asked, rows: number): string | undefined {
  for (const model of chosenModels('clustering', models)) {
    const asked = params[model]?.['clusters'];
    const most = typeof asked === 'object' ? asked.high : asked;
    if (typeof most === 'number' && most >= rows) {
      return (
        `${model}.clusters is ${typeof asked === 'object' ? 'up to ' : ''}${most}, and ${name} has ` +
        `${rows.toLocaleString('en-US')} rows that take part: there can be at most ` +
        `${(rows - 1).toLocaleString('en-US')} clusters.`
      );
    }
  }
  return undefined;
}
