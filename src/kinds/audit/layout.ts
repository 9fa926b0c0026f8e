import { createHash } from 'node:crypto';
import type { Run } from '../../ledger/runs.ts';
import type { Day } from '../../planning/days.ts';
import { lookAtDates, requestOf } from '../backfill/forecasts.ts';
import type { World } from '../kind.ts';
import { layOutModel } from '../backfill/layout.ts';
import type { DueDate } from '../backfill/planning/dates.ts';

/** Picks a share of the whole dates by a hash of the date: the same ones every time. */
export async function layOutAudit(
  world: World,
  run: Run,
  due: readonly DueDate[],
  sample: number,
): Promise<void> {
  const request = requestOf(run);
  for await (const { model, dates } of lookAtDates(world, request, due)) {
    const whole = new Set(dates.filter(({ state }) => state === 'complete').map(({ date }) => date));
    const lot = (date: Day): string => createHash('sha256').update(`${model.version}/${date}`).digest('hex');
    const chosen = due
      .filter(({ date }) => whole.has(date))
      .map((each) => ({ ...each, lot: lot(each.date) }))
      .sort((a, b) => (a.lot < b.lot ? -1 : 1))
      .slice(0, Math.ceil(whole.size * sample));
    await layOutModel(world.database, run, {
      kind: 'date',
      modelVersion: model.version,
      units: chosen.map(({ date }) => `${model.version}/${date}`),
      dates: chosen.map(({ date }) => date),
      trainingDates: chosen.map(({ trainingDate }) => trainingDate),
      rowsDue: request.paths,
      skipped: chosen.map(() => null),
    });
  }
}
