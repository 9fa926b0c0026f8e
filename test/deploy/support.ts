import { readFileSync } from 'node:fs';
import path from 'node:path';
import { readConfig } from '../../src/config.ts';
import { filesOfSettings } from '../support/engine-settings.ts';

export const { checkout } = readConfig({});
export const deployFolder = path.join(checkout, 'deploy');

export function read(...names: string[]): string {
  return readFileSync(path.join(deployFolder, ...names), 'utf8');
}

/** Read by the containers' own entry point and by the libraries that know them, and not by src/config.ts. */
const readElsewhere = [
  'SEVENFOLD_SLACK_SECRET',
  'SEVENFOLD_TEMPORAL_SECRET',
  'SEVENFOLD_TOOLCHAIN',
  'TEMPORAL_API_KEY',
];

/** Every name of a variable that our own code reads. */
export function knownVariables(): Set<string> {
  const sources = filesOfSettings(checkout).map((file) => readFileSync(file, 'utf8'));
  const names = sources.flatMap((text) => [...text.matchAll(/\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b/g)]);
  return new Set([...names.map(([name]) => name), ...readElsewhere, 'USER']);
}

/** `512m`, `2g` as MiB. */
export function mebibytes(size: string): number {
  const [, number, unit] = /^(\d+)([mg])$/.exec(size) ?? [];
  return Number(number) * (unit === 'g' ? 1024 : 1);
}
