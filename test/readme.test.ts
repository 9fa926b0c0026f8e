import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { readConfig } from '../src/config.ts';
import { parseDailyInput } from '../src/kinds/daily/input.ts';

const { checkout } = readConfig();
const readme = readFileSync(join(checkout, 'README.md'), 'utf8');

/** The commands of the table "I want to …": the code spans of its second column. */
const table = readme.slice(
  readme.indexOf('| I want to'),
  readme.indexOf('\n\n', readme.indexOf('| I want to')),
);
const commands = table
  .split('\n')
  .flatMap((line) => [...line.split('|')[2]!.matchAll(/`([^`]+)`/g)].map(([, command]) => command!))
  .filter((command) => /^[a-z]/.test(command) && !/^(eval|temporal|psql)\b/.test(command));

async function help(args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, ['sevenfold.mjs', ...args, '--help'], {
    cwd: checkout,
  });
  return stdout;
}

describe('what the README says can be done', () => {
  test('the table of commands was found', () => assert.ok(commands.length >= 10, String(commands.length)));

  for (const command of commands) {
    test(`sevenfold ${command}`, async () => {
      const words = command.split(' ');
      const name = words.slice(
        0,
        ['run', 'evaluate', 'schedule', 'import', 'plan', 'batches', 'generate', 'copy'].includes(words[0]!)
          ? 2
          : 1,
      );
      const text = await help(name);
      assert.match(text, new RegExp(`^Usage: sevenfold ${name.join(' ')}`));
      for (const option of words.filter((word) => word.startsWith('--')))
        assert.ok(text.includes(option), option);
    });
  }

  test('the JSON that plain temporal is given is input that the workflow takes', () => {
    const [, json] = /--input '([^']+)'/.exec(readme)!;
    const parsed = parseDailyInput(JSON.parse(json!));
    assert.equal(parsed.ok, true);
  });

  test('every file and folder that is linked is there', () => {
    for (const [, target] of readme.matchAll(/\]\(([^)]+)\)/g))
      assert.ok(existsSync(join(checkout, target!)), target);
  });
});
