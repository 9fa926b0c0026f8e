#!/usr/bin/env node
// Makes the machine ready: run by `npm start` and `npm test`, or alone. `--tests` adds what tests need, `--check` only
// tells what is there. This file must parse on any Node that knows modules, so that the version check gets to speak.
const [major, minor] = process.versions.node.split('.').map(Number);

if (major < 20 || (major === 20 && minor < 19)) {
  console.error(
    'sevenfold needs Node 20.19 or later; this is ' +
      process.versions.node +
      ' (' +
      process.execPath +
      '). Put a newer one first on PATH and run this again.',
  );
  process.exitCode = 1;
} else {
  import('./setup/main.mjs').then(function (module) {
    return module.main(process.argv.slice(2));
  });
}
