/**
 * `npm run bench [name …]` runs benchmarks and writes one JSON line a measurement to bench/results/;
 * `npm run bench pools -- --sizes 45,500` runs some sizes alone; `npm run bench -- --table` prints what is there as the table of docs/benchmarks.md.
 */
import { parseArgs } from 'node:util';
import { printTable } from './results.ts';

const benches: Record<
  string,
  { what: string; load: () => Promise<{ run: (sizes?: number[]) => Promise<void> }> }
> = {
  pools: {
    what: 'a day of 45 to 8,000 pools: the whole run, metrics in full and increment, forecast',
    load: () => import('./pools.ts'),
  },
  allocation: {
    what: 'allocation of 37 pools and 11 tokens: first day, the days after, everything in the wrong place',
    load: () => import('./allocation.ts'),
  },
  portfolio: {
    what: 'the paper portfolio over months of files/real, which this checkout has run once: rules side by side',
    load: () => import('./portfolio.ts'),
  },
  backfill: {
    what: 'backfills of xgboost and of all four models, from nothing and again; their limits and their growth',
    load: () => import('./backfill.ts'),
  },
  sinks: {
    what: 'the same backfills into PostgreSQL and into a Delta table, next to what neither can be faster than',
    load: async () => ({ run: (await import('./backfill.ts')).runSinks }),
  },
  cv: {
    what: 'cross-validations: flchain, the panel of 287,000 rows and its growth, LightGBM grids by both rules',
    load: () => import('./cv.ts'),
  },
  training: {
    what: "trainings of bank.csv and of 200,000 generated rows, next to LightGBM's defaults",
    load: () => import('./training.ts'),
  },
  scoring: {
    what: 'a million rows scored, as Parquet and as CSV, next to LightGBM alone',
    load: () => import('./scoring.ts'),
  },
  'training-large': {
    what: '5,000,000 rows × 30 on the distributed path of a standalone cluster, next to native fits of a tenth',
    load: () => import('./training-large.ts'),
  },
  trivial: { what: 'one trivial batch, submit to verdict', load: () => import('./trivial.ts') },
  remote: {
    what: 'a worker that watches 200 remote batches: its memory and CPU',
    load: () => import('./remote.ts'),
  },
  engines: {
    what: 'what each engine adds to a batch, and the same day and backfill on all three',
    load: () => import('./engines.ts'),
  },
  setup: {
    what: 'npm start in a fresh clone, with warm caches, and again',
    load: () => import('./setup.ts'),
  },
};

const { values: options, positionals: args } = parseArgs({
  allowPositionals: true,
  options: { table: { type: 'boolean' }, help: { type: 'boolean' }, sizes: { type: 'string' } },
});
if (options.table) {
  printTable();
} else if (options.help) {
  for (const [name, { what }] of Object.entries(benches)) process.stdout.write(`${name.padEnd(12)}${what}\n`);
} else {
  const unknown = args.filter((name) => !(name in benches));
  if (unknown.length > 0) {
    process.stderr.write(
      `There is no benchmark ${unknown.join(', ')}; there are ${Object.keys(benches).join(', ')}.\n`,
    );
    process.exit(2);
  }
  for (const name of args.length > 0 ? args : Object.keys(benches)) {
    const { run } = await benches[name]!.load();
    await run(options.sizes?.split(',').map(Number));
  }
}
