/** A folder by its one real path, whether it exists yet or not. */
export function realFolder(folder: string): string;

/** The interpreter that toolchain.json means, which is never one of another checkout; undefined where it names none. */
export function foundPython(recorded: unknown, checkout: string): string | undefined;

/** Where a checkout and its folders lie, by the environment's leave. */
export function findPlaces(env?: NodeJS.ProcessEnv): { checkout: string; state: string; cache: string };
