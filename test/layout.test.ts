/**
 * The house rules that no other tool checks (docs/architecture.md): how long a file may be, and in src circles of imports and
 * names out of their room.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { readConfig } from '../src/config.ts';
import { shippedEngines } from '../src/engines/index.ts';
import { allKinds } from '../src/kinds/index.ts';

const { checkout } = readConfig();
const source = join(checkout, 'src');
const files = new Map(
  readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => [file, readFileSync(join(source, file), 'utf8')]),
);

/** Files of src that a file imports, types and what it loads when used among them. */
function importsOf(file: string): string[] {
  const found = files.get(file)!.matchAll(/(?:\bfrom |\bimport |\bimport\()'(\.[^']+)'/g);
  return [...found]
    .map(([, to]) => relative(source, join(source, dirname(file), to!)))
    .filter((to) => files.has(to));
}

test('no file imports itself by way of others', () => {
  const done = new Set<string>();
  const path: string[] = [];
  function visit(file: string): void {
    assert.ok(!path.includes(file), `a circle: ${[...path.slice(path.indexOf(file)), file].join(' → ')}`);
    if (done.has(file)) return;
    path.push(file);
    for (const to of importsOf(file)) visit(to);
    path.pop();
    done.add(file);
  }
  for (const file of files.keys()) visit(file);
});

/** TypeScript, JavaScript and Python of the checkout, tests and tools too; nothing that is installed or built. */
function allCode(): string[] {
  return readdirSync(checkout, { withFileTypes: true })
    .filter(({ name }) => !/^(?:\.|node_modules$|dist$)/.test(name))
    .flatMap((entry) =>
      entry.isDirectory()
        ? readdirSync(join(checkout, entry.name), { recursive: true, encoding: 'utf8' }).map((file) =>
            join(entry.name, file),
          )
        : [entry.name],
    )
    .filter((file) => /\.(?:[cm]?[jt]s|py)$/.test(file));
}

test('no file is so long that it has two subjects', () => {
  const code = allCode();
  for (const one of [
    'setup.mjs',
    'src/config.ts',
    'test/run.mjs',
    'test/layout.test.ts',
    'spark/tests/conftest.py',
  ])
    assert.ok(code.includes(one), `${one} is looked at`);
  const long = code.filter((file) => readFileSync(join(checkout, file), 'utf8').split('\n').length > 401);
  assert.deepEqual(long, []);
});

test('a comment says what something is, and does not begin with whose it is', () => {
  // "Of a batch's headers": a reader has to guess what.
  const dangling = allCode().flatMap((file) =>
    readFileSync(join(checkout, file), 'utf8')
      .split('\n')
      .flatMap((line, index) =>
        /^\s*(\/\/|\*|\/\*\*|#:?|"{3}|--) ?Of /.test(line) ? [`${file}:${index + 1}`] : [],
      ),
  );
  assert.deepEqual(dangling, []);
});

test('a kind is named in the rooms of kinds and in its workflow alone', () => {
  const names = allKinds().map(({ name }) => name);
  const elsewhere = [...files].filter(
    ([file, text]) =>
      !/^(kinds|workflows)\//.test(file) &&
      names.some((name) => new RegExp(`['"\`]${name}['"\`]`).test(text)),
  );
  assert.deepEqual(
    elsewhere.map(([file]) => file),
    [],
  );
});

test('an engine is named in its own room and in the list of names alone', () => {
  const names = Object.keys(shippedEngines);
  const elsewhere = [...files].flatMap(([file, text]) =>
    names
      .filter(
        (name) =>
          !file.startsWith(`engines/${name}/`) &&
          !/^engines\/(?:names|index)\.ts$/.test(file) &&
          // a folder of programs that is called so
          !(file === 'stack/toolchain.ts' && name === 'local') &&
          new RegExp(`['"\`]${name}['"\`]`).test(text),
      )
      .map((name) => `${file}: ${name}`),
  );
  assert.deepEqual(elsewhere, []);
});
