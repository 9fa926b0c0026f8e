/**
 * Where batches can go: an engine of the registry (index.ts), or the task queue of another fleet. Of several that an
 * environment chooses, the last one here wins. Pure, because workflows check their input by it.
 */
export const modes = ['local', 'standalone', 'queue', 'dataproc'] as const;
export type Mode = (typeof modes)[number];

/** The engines that are shipped. `queue` is none: the workers that serve it have one of these. */
export type EngineName = Exclude<Mode, 'queue'>;

/** The engine of this machine: chosen where nothing else is, fallen back to, and used by work that needs no Spark. */
export const thisMachine = 'local' satisfies EngineName;

/** The engine of a cluster that a run names by its address, `spark://host:port`. */
export const namedCluster = 'standalone' satisfies EngineName;
