/** Where what is made from our code and the installed packages is kept. */
export const keptFolder: string;

/**
 * One value for files and whole folders, named relative to `folder`, by their names and content; an absent one counts as
 * absent. `src` is some 200 small files: 10 ms.
 */
export function contentVersion(folder: string, names: readonly string[]): string;

/** `contentVersion` of all that programs and workflows are made from. */
export function sourcesVersion(): string;

/** Removes all but the newest of what begins with `prefix` in a folder. */
export function keepNewest(folder: string, prefix: string): void;

/** Where the bundle of this version's workflows is kept. */
export function workflowsFile(version: string, folder?: string): string;

/** Arguments for Node that run one of our programs, built first where its code is newer than what is kept. */
export function programArguments(name: string): Promise<string[]>;

/** Makes all programs in a folder of this checkout. */
export function buildPrograms(folder: string): Promise<void>;

/** Bundles TypeScript of this checkout by esbuild's options; `root` is code that gives the checkout's address. */
export function makeScripts(
  options: import('esbuild').BuildOptions & { root: string; traces: string },
): Promise<void>;
export const namesOfPackages: import('esbuild').Plugin;
