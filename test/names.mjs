// Shows that no test was lost: `node test/names.mjs <names of before> <names of a run of test:all>`. Both are written by
// `--names`, a line a test. Compared by name, however files were moved; what is gone must stand in the table below.
import { readFileSync } from 'node:fs';

/** Names that no longer stand for a test, and what holds their assertions now. */
const gone = {};

const [, , before, after] = process.argv;
if (before === undefined || after === undefined) {
  console.error('node test/names.mjs <names before> <names after>');
  process.exit(2);
}

/** How often each name stands there; the file before it does not count. */
function namesIn(file) {
  const counts = new Map();
  for (const line of readFileSync(file, 'utf8').split('\n').filter(Boolean)) {
    const name = line.slice(line.indexOf(': ') + 2);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

const [were, are] = [namesIn(before), namesIn(after)];
let lost = 0;
for (const [name, count] of were) {
  if ((are.get(name) ?? 0) >= count) continue;
  if (name in gone) {
    console.log(`gone: ${name}: ${gone[name]}`);
  } else {
    lost += 1;
    console.log(`LOST: ${name} (${count} before, ${are.get(name) ?? 0} now)`);
  }
}
const sum = (counts) => [...counts.values()].reduce((a, b) => a + b, 0);
console.log(`${sum(were)} tests before, ${sum(are)} now, ${lost} names lost`);
process.exitCode = lost === 0 ? 0 : 1;
