// Makes google-provider.json of this folder: which arguments the Google provider's resources take, for those that
// deploy/terraform uses. The provider itself has to be downloaded from Terraform's registry, its schema need not: it is in
// the typed bindings on npm. Run again when a resource is added:
//   npm install --prefix <scratch> --ignore-scripts --legacy-peer-deps @cdktf/provider-google@16.12.1
//   node test/deploy/provider-arguments.mjs <scratch>/node_modules/@cdktf/provider-google
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const [bindings] = process.argv.slice(2);
const terraform = fileURLToPath(new URL('../../deploy/terraform', import.meta.url));
const provider = JSON.parse(readFileSync(join(bindings, 'package.json'), 'utf8')).cdktf.provider;

const used = new Set();
for (const file of readdirSync(terraform).filter((name) => name.endsWith('.tf'))) {
  const text = readFileSync(join(terraform, file), 'utf8');
  for (const [, type] of text.matchAll(/^resource "(google_\w+)"/gm)) used.add(type);
}

const snake = (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** `name:type` of each argument, `!` after what must be there; a block is `{}`, or `[]` where there may be several. */
const resources = {};

function note(path, text, name) {
  const start = text.search(new RegExp(`^export interface ${name}(?: extends [\\w.]+)? \\{$`, 'm'));
  const body = text.slice(start, text.indexOf('\n}', start));
  const found = [];
  for (const [, key, optional, type] of body.matchAll(/^ {4}readonly (\w+)(\??): ([^;]+);/gm)) {
    const [, block, several] = /^(\w+)(\[\])?(?: \| cdktf\.IResolvable)?$/.exec(type) ?? [];
    const isBlock = block !== undefined && !['string', 'number', 'boolean', 'any'].includes(block);
    if (isBlock) note(`${path}.${snake(key)}`, text, block);
    found.push(
      `${snake(key)}:${isBlock ? (several ?? '{}') : simpleType(type)}${optional === '' ? '!' : ''}`,
    );
  }
  resources[path] = found.sort().join(' ');
}

function simpleType(type) {
  if (type.startsWith('{')) return 'map';
  if (type.includes('[]')) return type.startsWith('number') ? 'numbers' : 'strings';
  return /^\w+/.exec(type)[0];
}

/** What can be read of a resource at its top: arguments, and what the service adds. */
const readable = {};

for (const type of [...used].sort()) {
  const folder = type.replace('google_', '').replaceAll('_', '-');
  const text = readFileSync(join(bindings, 'lib', folder, 'index.d.ts'), 'utf8');
  const [, name] = /^export interface (\w+)Config extends cdktf/m.exec(text);
  note(type, text, `${name}Config`);
  const body = text.slice(text.search(new RegExp(`^export declare class ${name} extends`, 'm')));
  readable[type] = [...new Set([...body.matchAll(/^ {4}get (\w+)\(\)/gm)].map(([, key]) => snake(key)))]
    .filter((key) => !key.endsWith('_input'))
    .sort()
    .join(' ');
}

const target = fileURLToPath(new URL('google-provider.json', import.meta.url));
const sorted = Object.fromEntries(Object.entries(resources).sort(([one], [other]) => (one < other ? -1 : 1)));
const { name: source, version } = provider;
writeFileSync(target, `${JSON.stringify({ source, version, arguments: sorted, readable }, null, 2)}\n`);
