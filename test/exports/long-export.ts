/** An export of some seconds, for a test that kills it: `long-export.ts <file>`. */
import { exportView } from '../../src/exports/write.ts';
import { readConfig } from '../../src/config.ts';
import { locateToolchain } from '../../src/stack/toolchain.ts';

const { checkout, stateFolder, databaseUrl } = readConfig();
await exportView(
  {
    view: {
      name: 'long',
      description: '',
      sql: `select 'x'::text as dataset, n from generate_series(1, 5000000) as n`,
      day: null,
      order: ['dataset'],
    },
    dataset: undefined,
    from: undefined,
    to: undefined,
    file: process.argv[2]!,
    force: true,
  },
  { python: locateToolchain(stateFolder).python, checkout, databaseUrl: databaseUrl! },
  ({ rows }) => console.log(rows),
);
