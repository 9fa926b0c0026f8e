// Shows that no test was lost: `node test/names.mjs [<names>]`. The names of before, a line a test (`--names` writes them), must
// stand in today's sources, wherever a test was moved; what is gone must stand in the table below.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const checkout = fileURLToPath(new URL('..', import.meta.url));

/** Names that no longer stand for a test, and what holds their assertions now. */
const gone = {
  ...Object.fromEntries(
    ['local', 'queue', 'standalone', 'dataproc'].map((mode) => [
      `${mode}, where a run asks for it, wins over every variable`,
      'one test of all engines of the registry: "what a run asks for wins over every variable"',
    ]),
  ),
  test_a_pool_that_is_no_longer_listed_becomes_inactive_and_keeps_its_history:
    'what the source takes back goes: "…becomes_inactive_and_its_history_goes"',
  test_days_before_1970_and_far_ahead_are_days_like_others:
    'days have bounds: "test_both_limits_pass_in_both_and_what_lies_beyond_passes_in_neither"',
  test_coxnet_is_scikit_survivals_with_its_last_penalty:
    'the path ends where it is asked to: "test_coxnet_is_scikit_survivals_with_its_smallest_penalty"',
  'as root under a home that is closed to others the data lie outside it, and wipe finds them':
    'the same test, "and whatever the umask" beside',
  'groups rest on the last complete day, by how much the APY moved whatever the direction':
    'the last complete days: one day alone had no direction',
  'a portfolio that cannot pay for what it must do keeps what it has, and says so':
    'a portfolio is not forced to sell: "what leaving would cost more than it brings stays, is named, and the day is whole"',
  'a token without a price counts 1.0, with a warning; a price of 0 is none':
    'it counts nothing: "a token that nobody prices stays untouched, pays no gas and counts nothing"',
  'a set may say of LightGBM what the job understands, and nothing else':
    'one table for all models: "every configured parameter is in the table of ranges, and within its range"',
  'a group above its cap comes down to it':
    'nothing is sold for a cap: "a pool that became calmer and fills its group beyond the cap is not sold, and the group does not grow"',
  'a position above a cap comes down to it, one within a cent of it is left alone':
    'nothing is sold for a cap: "a position above a cap is not paid into, and not sold for it"',
  'gas that must be paid and cannot be makes the day infeasible, and the line says why':
    'nothing must be paid: "leaving must bring more than its gas: a dollar stays where two would be paid to move it"',
  'a token that nobody prices counts 1.0, with a warning':
    '"without a price only an approved token with a peg counts 1.0: ten WETH are not ten dollars"',
};

/** Tests that say the same in other words since: the old name, a tab, the new one. */
const renamed = new Map(
  readFileSync(`${checkout}/docs/decisions/027-names-now.txt`, 'utf8')
    .split('\n')
    .map((line) => line.split('\t')),
);

const before = process.argv[2] ?? `${checkout}/docs/decisions/027-names-before.txt`;
const listed = execFileSync('git', ['ls-files', 'test', 'spark/tests'], { cwd: checkout, encoding: 'utf8' });
const sources = listed
  .split('\n')
  .filter((name) => /\.(ts|mjs|py)$/.test(name) && name !== 'test/names.mjs' && existsSync(checkout + name))
  .map((name) => readFileSync(checkout + name, 'utf8'))
  .join('\n')
  .replaceAll("\\'", "'");

/** Names with holes, as patterns: `${model}: the figures of ${what}`; those that say little by themselves apart. */
const templates = [...sources.matchAll(/`([^`\n]*\$\{[^`\n]*)`/g)].map(([, text]) => {
  const parts = text.split(/\$\{(?:[^{}]|\{[^{}]*\})*(?:\}|$)/);
  const pattern = new RegExp(`^${parts.map(escape).join('(.*?)')}$`, 's');
  return { pattern, saysEnough: parts.join('').replaceAll(/\W/g, '').length >= 5 };
});

function escape(text) {
  return text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&');
}

/** What fills a hole is written somewhere too, or is no more than a word. */
const isWritten = (filling = '') => /^[\w.-]*$/.test(filling) || sources.includes(filling);

function stands(name) {
  if (sources.includes(name)) return true;
  const [, ofPython] = /^(test_\w+)(?:\[.*\])?$/.exec(name) ?? [];
  const now = renamed.get(ofPython ?? name);
  if (now !== undefined) return stands(now);
  if (ofPython !== undefined) return sources.includes(`def ${ofPython}(`);
  return templates.some(({ pattern, saysEnough }) => {
    const fillings = pattern.exec(name)?.slice(1);
    return fillings !== undefined && (saysEnough || fillings.every(isWritten));
  });
}

const names = readFileSync(before, 'utf8')
  .split('\n')
  .filter(Boolean)
  .map((line) => line.slice(line.indexOf(': ') + 2));
const missing = [...new Set(names)].filter((name) => !stands(name));
const lost = missing.filter((name) => !Object.hasOwn(gone, name));
for (const name of missing) console.log(name in gone ? `gone: ${name}: ${gone[name]}` : `LOST: ${name}`);
console.log(`${names.length} tests before, ${missing.length} names gone, ${lost.length} of them lost`);
process.exitCode = lost.length === 0 ? 0 : 1;
