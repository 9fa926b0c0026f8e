import { thisMachine } from '../engines/names.ts';
import type { Resources } from './executors.ts';

/** The jobs that cut their work into tasks of any number. */
const divisible: ReadonlySet<string> = new Set([
  'pool_metrics',
  'forecast_train',
  'forecast_infer',
  'forecast_audit',
  'cv_fit',
]);

const partitionsACore = 2;

/**
 * Into how many tasks a batch is cut: as many as the run asks for, else two for each core that the batch is given. On a
 * cluster the job cannot ask Spark instead: that counts the executors that happen to be there in this moment. In our own
 * JVM it can. The number changes no figure.
 */
export function partitionsOf(
  job: string,
  engine: string,
  asked: unknown,
  { executors, executorCores }: Pick<Resources, 'executors' | 'executorCores'>,
): { partitions?: number } {
  if (!divisible.has(job)) return {};
  if (typeof asked === 'number') return { partitions: asked };
  return engine === thisMachine ? {} : { partitions: partitionsACore * executors * executorCores };
}
