import { readFileSync } from 'node:fs';

/** The queries of a page, by the names of their files in the folder `sql` beside it. */
export function queriesBeside(page: string): (name: string) => string {
  return (name) => readFileSync(new URL(`sql/${name}.sql`, page), 'utf8');
}
