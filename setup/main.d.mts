/** What is there and what is missing of the things that set-up gets; installs nothing and starts no program. */
export function inspect(options?: {
  tests?: boolean;
  env?: NodeJS.ProcessEnv;
}): { name: string; there: boolean; detail: string }[];
