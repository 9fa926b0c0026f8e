import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { readConfig } from '../src/config.ts';
import { loadRetention } from '../src/retention/policy.ts';
import { overlapPolicies, readSchedules } from '../src/schedules/entries.ts';
import { schedulableNames } from '../src/schedules/workflows.ts';

const { checkout } = readConfig();
const page = readFileSync(join(checkout, 'docs', 'operations.md'), 'utf8');
const commands = [
  ...new Set([...page.matchAll(/^ {4}npx sevenfold (.+)$/gm)].map(([, command]) => command!)),
];

/** The first columns of the table whose header begins with this word. */
function names(header: string): string[] {
  const start = page.search(new RegExp(`^\\| ${header} +\\|`, 'm'));
  const rows = page.slice(start, page.indexOf('\n\n', start)).split('\n').slice(2);
  return rows.map((row) => /`([^`]+)`/.exec(row)![1]!);
}

describe('what docs/operations.md says', () => {
  test('its commands were found', () => assert.ok(commands.length >= 10, String(commands.length)));

  for (const command of commands) {
    test(`sevenfold ${command}`, async () => {
      const words = command.split(' ');
      const name = words.slice(0, ['schedule', 'alerts'].includes(words[0]!) ? 2 : 1);
      const { stdout } = await promisify(execFile)(process.execPath, ['sevenfold.mjs', ...name, '--help'], {
        cwd: checkout,
      });
      assert.match(stdout, new RegExp(`^Usage: sevenfold ${name.join(' ')}`));
      for (const option of words.filter((word) => word.startsWith('--')))
        assert.ok(stdout.includes(option), option);
    });
  }

  test('its tables name every setting, and no other', () => {
    const installation = { checkout, dataset: 'sample', datasetPath: undefined } as const;
    const [entry] = readSchedules(
      [{ id: 'x', workflow: 'dailyPipeline', cron: '1 0 * * *', deadline: '2h' }],
      installation,
    );
    assert.deepEqual(names('field').sort(), Object.keys(entry!).sort());
    assert.deepEqual(names('name').sort(), Object.keys(loadRetention(checkout)).sort());
    for (const name of [...overlapPolicies, ...schedulableNames()]) {
      assert.ok(page.includes(`\`${name}\``), name);
    }
  });

  test('its schedules are entries that apply takes', () => {
    const examples = [...page.matchAll(/^```json\n([^]+?)^```$/gm)].map(
      ([, json]) => JSON.parse(json!) as unknown,
    );
    assert.ok(examples.length >= 1);
    const installation = { checkout, dataset: 'sample', datasetPath: undefined } as const;
    assert.equal(readSchedules(examples, installation).length, examples.length);
  });

  test('the shipped retention is what the table says', () => {
    for (const [name, days] of Object.entries(loadRetention(checkout))) {
      const row = page.split('\n').find((line) => line.startsWith(`| \`${name}\``))!;
      assert.match(row, new RegExp(`\\| ${days ?? 'for ever'} +\\|$`), name);
    }
  });

  test('every file that is linked is there', () => {
    for (const [, target] of page.matchAll(/\]\(([^)]+)\)/g)) {
      assert.ok(existsSync(join(checkout, 'docs', target!)), target);
    }
  });
});
