import { readFileSync } from 'node:fs';

/** A query of the pages, by the name of its file. */
export function readSql(name: string): string {
  return readFileSync(new URL(`../sql/${name}.sql`, import.meta.url), 'utf8');
}
