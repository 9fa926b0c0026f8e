/**
 * The money alone, over the months of a data set that this checkout's stack has ingested (a run of its newest day is
 * enough): the product's rule, its first allocation held, greedy choices by the day before, and other horizons.
 */
import { readConfig } from '../src/config.ts';
import { resolveConnections } from '../src/connections.ts';
import { openDatabase } from '../src/database/pool.ts';
import type { Day } from '../src/planning/days.ts';
import { allocate } from '../src/pools/allocation/allocate.ts';
import type { AllocationProblem } from '../src/pools/allocation/problem.ts';
import { loadPoolSettings } from '../src/pools/settings.ts';
import { readFacts, walk } from './portfolio-walk.ts';
import type { Strategy } from './portfolio-walk.ts';

const dataset = 'files/real';
/** Settings are chosen on the first two; the last is what they are checked on. */
const stretches: readonly { from: Day; to: Day }[] = [
  { from: '2024-11-01', to: '2025-01-31' },
  { from: '2025-02-01', to: '2025-04-30' },
  { from: '2025-05-01', to: '2025-06-30' },
];

const decide = (problem: AllocationProblem) => allocate(problem, { timeLimitSeconds: 60 });
const withHorizon = (problem: AllocationProblem, horizonDays: number): AllocationProblem => ({
  ...problem,
  limits: { ...problem.limits, horizonDays },
});
const daily: Strategy = ({ problem }) => decide(problem);
const held: Strategy = async ({ problem }, days) => (days === 0 ? decide(problem) : undefined);
const greedy =
  (every: number): Strategy =>
  async ({ problem, lastApy }, days) => {
    if (days % every !== 0) return undefined;
    const pools = problem.pools.map((pool) => ({ ...pool, apy: lastApy.get(pool.poolId) ?? pool.apy }));
    return decide(withHorizon({ ...problem, pools }, 365));
  };
const horizon =
  (days: number): Strategy =>
  ({ problem }) =>
    decide(withHorizon(problem, days));

const strategies: Record<string, Strategy> = {
  'as shipped': daily,
  'first allocation held': held,
  'greedy, weekly': greedy(7),
  'greedy, daily': greedy(1),
  ...Object.fromEntries([3, 14, 30].map((days) => [`horizon of ${days} days`, horizon(days)])),
};

/** Prints one line a rule and stretch. */
export async function run(): Promise<void> {
  const config = readConfig();
  const { databaseUrl } = await resolveConnections(config);
  const database = openDatabase(databaseUrl, 'bench', 1);
  try {
    const facts = await readFacts(database, dataset);
    if (facts.days.size === 0) {
      process.stderr.write(`${dataset} has no metrics here: run its newest day once.\n`);
      process.exitCode = 1;
      return;
    }
    const settings = loadPoolSettings(config.checkout);
    for (const stretch of stretches) {
      for (const [name, strategy] of Object.entries(strategies)) {
        const walked = await walk(facts, settings, stretch, strategy);
        const figures = [
          `${walked.netApy.toFixed(2)} % net`,
          `$${Math.round(walked.costUsd)} of costs`,
          `${walked.withdrawals} withdrawals`,
          `${walked.smallWithdrawals} below $1,000`,
          `${(100 * walked.idleShare).toFixed(1)} % idle`,
          `${walked.unpaidDays.length} days that promise less than they cost`,
          `${walked.groupChanges} of ${walked.poolDays} groups changed`,
        ];
        process.stdout.write(`${stretch.from}..${stretch.to}  ${name.padEnd(22)} ${figures.join(' · ')}\n`);
      }
    }
  } finally {
    await database.end();
  }
}
