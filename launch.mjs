#!/usr/bin/env node
// Starts one of our programs for a service manager: node launch.mjs worker|keeper|migrate …
import { isProgram, runHere } from './setup/programs.mjs';

const [name, ...parameters] = process.argv.slice(2);
if (name === undefined || !isProgram(name)) {
  console.error(
    `There is no program "${name ?? ''}". Start one of: worker, keeper, migrate; commands: npx sevenfold`,
  );
  process.exitCode = 2;
} else {
  await runHere(name, parameters).catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
