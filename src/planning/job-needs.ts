/** What a job needs of the cluster besides Python: most need nothing. */
export interface JobNeeds {
  /** Beginnings of the names of the jars that it loads (spark/jars.lock). */
  jars: readonly string[];
  /** All its tasks must run at once: no executor may come or go meanwhile. */
  barrier: boolean;
}

const lightGbm: JobNeeds = {
  jars: ['synapseml-', 'lightgbmlib-', 'spray-json_'],
  barrier: true,
};

const needs: Record<string, JobNeeds> = {
  pool_forecast: lightGbm,
  pool_evaluate: lightGbm,
  training_fit: lightGbm,
  training_refit: lightGbm,
  pool_metrics: { jars: ['postgresql-'], barrier: false },
};

/** A job that is not listed takes Spark as it is. */
export function needsOf(job: string): JobNeeds {
  return needs[job] ?? { jars: [], barrier: false };
}

/** The jars that the job needs. */
export function jarsFor<Jar extends string>(job: string, jars: readonly Jar[]): Jar[] {
  const wanted = needsOf(job).jars;
  return jars.filter((jar) =>
    wanted.some((beginning) => jar.slice(jar.lastIndexOf('/') + 1).startsWith(beginning)),
  );
}
