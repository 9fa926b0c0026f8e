#!/usr/bin/env node
// Starts the command line (client.ts) where set-up was run, and says so in one line where it was not.
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const checkout = dirname(fileURLToPath(import.meta.url));
const toolchain = join(resolve(checkout, process.env.SEVENFOLD_STATE || '.sevenfold'), 'toolchain.json');
const asksForHelp =
  process.argv.length < 3 || process.argv.some((argument) => /^(--help|-h|help|doctor)$/.test(argument));

if (!existsSync(join(checkout, 'node_modules', 'esbuild')) || !(asksForHelp || existsSync(toolchain))) {
  console.error(`sevenfold is not set up in ${checkout}. Run there: npm start (or only node setup.mjs)`);
  process.exitCode = 1;
} else {
  const { runHere } = await import('./setup/programs.mjs');
  await runHere('client', process.argv.slice(2)).catch((error) => {
    console.error(error.message);
    process.exit(1);
  });
}
