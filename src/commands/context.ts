import { readConfig } from '../config.ts';
import type { Config } from '../config.ts';
import { createOutput } from './output.ts';
import type { Output } from './output.ts';

/** What a command works with. */
export interface CommandContext {
  config: Config;
  out: Output;
}

export function createContext(): CommandContext {
  return { config: readConfig(), out: createOutput(process.stdout) };
}
