import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { loadCostRates } from '../../src/cost-rates.ts';
import { batchDcu, estimateCost } from '../../src/planning/cost.ts';
import { estimateSize } from '../../src/planning/data-size.ts';
import { planResources } from '../../src/planning/executors.ts';
import { searchAttributes } from '../../src/search-attributes.ts';
import { checkout, deployFolder, knownVariables, read } from './support.ts';

const page = readFileSync(path.join(checkout, 'docs', 'operate.md'), 'utf8');

describe('what docs/operate.md says', () => {
  test('its example of costs is what the formula gives', () => {
    const rates = loadCostRates(checkout);
    const usual = planResources({ size: estimateSize({}), models: 1, tuning: false, min: 2, max: 20 });
    assert.ok(page.includes(`is ${batchDcu(usual).toFixed(2)} DCU`));
    assert.ok(page.includes(`${rates.dcuUsdPerHour} USD a DCU-hour in ${rates.name}`));
    const rows = [...page.matchAll(/^\| [^|]+ \| (\d+) +\| (\d+) +\| ([\d.]+) +\| ([\d.]+) +\|$/gm)];
    assert.equal(rows.length, 3);
    for (const [row, batches, seconds, dcuHours, usd] of rows) {
      const one = estimateCost(usual, Number(seconds), rates);
      assert.equal((one.dcuHours! * Number(batches)).toFixed(2), dcuHours, row);
      assert.equal((one.usd * Number(batches)).toFixed(2), usd, row);
    }
  });

  test('it registers every search attribute', () => {
    const registered = [...page.matchAll(/search-attribute create --name (\w+) --type (\w+)/g)];
    assert.deepEqual(Object.fromEntries(registered.map(([, name, type]) => [name, type])), searchAttributes);
  });

  test('every file that is linked or named is there', () => {
    for (const [, target] of page.matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)) {
      assert.ok(existsSync(path.join(checkout, 'docs', target!)), target);
    }
    const made = ['deploy/.env', 'deploy/terraform/terraform.tfvars', 'deploy/terraform/override.tf'];
    for (const [name] of page.matchAll(/\b(?:deploy|config|src)\/[\w./-]*\w/g)) {
      if (!made.includes(name)) assert.ok(existsSync(path.join(checkout, name)), name);
    }
    const headings = [...page.matchAll(/^#+ (.+)$/gm)].map(([, title]) =>
      title!
        .toLowerCase()
        .replace(/[^a-z0-9 ]/g, '')
        .replaceAll(' ', '-'),
    );
    for (const [, anchor] of page.matchAll(/\]\(#([^)]+)\)/g)) assert.ok(headings.includes(anchor!), anchor);
  });

  test('the other page leads here, and this one there', () => {
    const operations = readFileSync(path.join(checkout, 'docs', 'operations.md'), 'utf8');
    assert.match(operations, /\]\(operate\.md/);
    assert.match(page, /\]\(operations\.md/);
  });
});

describe('deploy/systemd', () => {
  const folder = path.join(deployFolder, 'systemd');
  const units = readdirSync(folder).filter((name) => /\.(service|timer)$/.test(name));
  const settings = (unit: string): Map<string, string[]> => {
    const found = new Map<string, string[]>();
    for (const [, name, value] of read('systemd', unit).matchAll(/^(\w+)=(.*)$/gm)) {
      found.set(name!, [...(found.get(name!) ?? []), value!]);
    }
    return found;
  };

  test('units start files that are there, as a user of their own, and name each other rightly', () => {
    assert.equal(units.length, 4);
    for (const unit of units) {
      const all = settings(unit);
      for (const line of [...(all.get('ExecStart') ?? []), ...(all.get('ExecStartPre') ?? [])]) {
        const file = line.split(' ').find((word) => /\.(ts|mjs)$/.test(word))!;
        assert.ok(existsSync(path.join(checkout, file)), `${unit}: ${file}`);
      }
      if (unit.endsWith('.service')) {
        assert.deepEqual(all.get('User'), ['sevenfold'], unit);
        assert.deepEqual(all.get('EnvironmentFile'), ['/etc/sevenfold/environment'], unit);
      } else {
        assert.ok(units.includes(unit.replace('.timer', '.service')), unit);
      }
      for (const other of [...(all.get('After') ?? []), ...(all.get('Wants') ?? [])].flatMap((line) =>
        line.split(' '),
      )) {
        if (other.startsWith('sevenfold')) assert.ok(units.includes(other), `${unit}: ${other}`);
      }
    }
  });

  test('its environment holds no secret and only variables that are read', () => {
    const known = knownVariables();
    for (const [, name, value] of read('systemd', 'environment.example').matchAll(/^#?([A-Z_]+)=(.*)$/gm)) {
      assert.ok(known.has(name!), `${name} is read by nobody`);
      if (/DATABASE_URL|WEBHOOK/.test(name!)) assert.equal(value, '');
    }
  });
});
