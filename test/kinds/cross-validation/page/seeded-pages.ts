/** Pages of cross-validations that a test seeds for itself, each in a database of its own. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { openDatabase } from '../../../../src/database/pool.ts';
import type { Database } from '../../../../src/database/pool.ts';
import { renderCvReport } from '../../../../src/kinds/cross-validation/page/report.ts';
import { testDatabase } from '../../../support/postgres.ts';
import { seedCv } from './rows.ts';
import type { SeededCv } from './rows.ts';
import type { WantedCv } from './wanted-cv.ts';

export const near = (seen: unknown, due: number) =>
  assert.ok(
    Math.abs(Number(seen) - due) < 1e-9 * Math.max(1, Math.abs(due)),
    `${String(seen)} instead of ${due}`,
  );

export async function another(t: TestContext, wanted: WantedCv): Promise<{ own: Database; made: SeededCv }> {
  const own = openDatabase(await testDatabase(), 'test');
  t.after(() => own.end());
  return { own, made: await seedCv(own, wanted) };
}

export async function pageOf(t: TestContext, wanted: WantedCv): Promise<string> {
  const { own, made } = await another(t, wanted);
  return renderCvReport(own, made.runId);
}
