import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refuseUnfetched } from '../../../src/kinds/daily/fetching.ts';
import { openRun } from '../../../src/kinds/daily/opening.ts';
import { livePhases } from '../../../src/kinds/daily/phases.ts';
import { evaluationUnits } from '../../../src/kinds/evaluation/input.ts';
import { testDependencies } from '../../support/daily-run.ts';

const claim = { workflowId: 'w', workflowRunId: 'r', priority: 1, units: livePhases };

function opening(date: string) {
  return {
    ...claim,
    ...{ kind: 'dailyPipeline', key: `daily/live/${date}`, date, input: { dataset: 'live' as const, date } },
  };
}

test('a past day of which nothing was stored is refused in one line, before anything is written', async (t) => {
  const deps = await testDependencies(t);
  deps.config.sources = { ...deps.config.sources, today: '2026-11-20' };
  await assert.rejects(openRun(deps, opening('2026-11-18')), (error: Error) => {
    assert.equal(error.name, 'InvalidInput');
    assert.match(
      error.message,
      /^Live data of 2026-11-18 were not fetched on that day, .* Run today \(2026-11-20\), .*none is stored\)\.$/,
    );
    return true;
  });
  const { rows } = await deps.database.query(
    'select (select count(*) from runs) as runs, (select count(*) from datasets) as datasets',
  );
  assert.deepEqual(Object.values(rows[0] as object).map(Number), [0, 0]);
});

test('today is opened, and so is a past day whose answers are stored', async (t) => {
  const deps = await testDependencies(t);
  deps.config.sources = { ...deps.config.sources, today: '2026-11-20' };
  await refuseUnfetched(deps, '2026-11-20', true);
  await deps.database.query(
    `insert into raw_responses (source, key, day, attempt, status, body, sha256, url, accepted)
     values ('llama-pools', 'pools', '2026-11-18', 1, 200, '', '', 'http://127.0.0.1/pools', true)`,
  );
  await refuseUnfetched(deps, '2026-11-18', true);
  await assert.rejects(refuseUnfetched(deps, '2026-11-17', true), /stored: 2026-11-18\)/);
});

test('an evaluation takes what is stored, and fetches nothing', async (t) => {
  const deps = await testDependencies(t);
  deps.config.sources = { ...deps.config.sources, today: '2026-11-20' };
  const evaluated = { ...opening('2026-11-20'), kind: 'evaluatePools', key: 'evaluate/live/x' };
  const units = evaluationUnits('2026-11-20', 3);
  const input = { dataset: 'live' as const, days: 3 };
  await assert.rejects(
    openRun(deps, { ...evaluated, units, input }),
    /^InvalidInput: Live data of 2026-11-20 are not fetched yet: run daily --dataset live first, .*none is stored\)\.$/,
  );
});
