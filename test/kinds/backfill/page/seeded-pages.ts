/** For tests of pages that each seed a run of their own: its database, and what is read on the calendar. */
import type { TestContext } from 'node:test';
import { openDatabase } from '../../../../src/database/pool.ts';
import type { Database } from '../../../../src/database/pool.ts';
import { testDatabase } from '../../../support/postgres.ts';

export async function fresh(t: TestContext): Promise<Database> {
  const own = openDatabase(await testDatabase(), 'test');
  t.after(() => own.end());
  return own;
}

/** The pieces of the calendar: verdict and what the pointer tells. */
export function piecesOf(page: string): { verdict: string; title: string }[] {
  return [...page.matchAll(/<i\s+class="cell (\w+)[^"]*"[^>]*?title="([^"]*)"/g)].map(
    ([, verdict, title]) => ({
      verdict: verdict!,
      title: title!,
    }),
  );
}
