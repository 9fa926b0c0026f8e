// Our programs as one script each, made once per version of the code: transpiling at every start would cost a command a
// second of a core and a worker four. Set-up makes them; whoever starts a program of newer code makes them anew.
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const checkout = dirname(dirname(fileURLToPath(import.meta.url)));

/** Where what is made from our code and the installed packages is kept: next to the packages, without which it is of no use. */
export const keptFolder = join(checkout, 'node_modules', '.cache', 'sevenfold');

/** Versions kept of each thing: one for each of the branches that somebody goes to and fro between. */
const mostKept = 4;

/** Each program and the file it begins in. */
const programs = {
  client: 'client.ts',
  worker: 'worker.ts',
  supervisor: 'src/stack/main.ts',
  keeper: 'src/engines/local/main.ts',
  migrate: 'src/database/main.ts',
  'bundle-workflows': 'src/bundle-workflows.ts',
};

/** All that code is made from, with the packages that are installed, not only those that are asked for. */
const sources = [
  ...[
    'src',
    'spark/sevenfold_jobs/cv/parameters.json',
    'client.ts',
    'worker.ts',
    'setup/places.mjs',
    'setup/programs.mjs',
    'setup/traces.mjs',
    'tsconfig.json',
  ],
  ...['package-lock.json', 'node_modules/.package-lock.json'],
];

function addTo(hash, file, name) {
  let content;
  try {
    content = readFileSync(file);
  } catch (error) {
    if (error.code === 'EISDIR') {
      const entries = readdirSync(file).filter((entry) => entry !== '__pycache__');
      for (const entry of entries.sort()) addTo(hash, join(file, entry), `${name}/${entry}`);
    }
    return; // missing, or removed just now: its absence changes the hash
  }
  hash.update(`${name}\0${content.length}\0`).update(content);
}

export function contentVersion(folder, names) {
  const hash = createHash('sha256');
  for (const name of names) addTo(hash, resolve(folder, name), basename(name));
  return hash.digest('hex').slice(0, 16);
}

export function sourcesVersion() {
  return contentVersion(checkout, sources);
}

/** Removes all but the newest of what has this prefix. */
export function keepNewest(folder, prefix) {
  const all = readdirSync(folder).filter((name) => name.startsWith(prefix));
  const newestFirst = all
    .map((name) => join(folder, name))
    .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
  for (const old of newestFirst.slice(mostKept)) rmSync(old, { recursive: true, force: true });
}

export function workflowsFile(version = sourcesVersion(), folder = keptFolder) {
  return join(folder, `workflows-${version}.js`);
}

export function programFile(name, version = sourcesVersion()) {
  return join(keptFolder, `programs-${version}`, `${name}.js`);
}

/**
 * The script of a program, made if it is not there; undefined where nothing can be kept (a checkout that is only to be
 * read): its TypeScript is run then.
 */
export async function findProgram(name) {
  const version = sourcesVersion();
  const file = programFile(name, version);
  if (existsSync(file)) return file;
  try {
    mkdirSync(keptFolder, { recursive: true });
  } catch {
    return undefined;
  }
  let draft;
  try {
    draft = mkdtempSync(join(keptFolder, 'draft-'));
  } catch {
    return undefined;
  }
  try {
    chmodSync(draft, 0o755); // whoever runs the programs need not be who set them up
    await buildPrograms(draft);
    // Somebody may have saved a file meanwhile, and nobody knows on which side of it the bundler read.
    if (sourcesVersion() !== version) return findProgram(name);
    try {
      renameSync(draft, dirname(file));
    } catch (error) {
      if (!existsSync(file)) throw error; // else another process was quicker
    }
    keepNewest(keptFolder, 'programs-');
    return file;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/** Arguments for Node that run a program. */
export async function programArguments(name) {
  const file = await findProgram(name);
  if (file !== undefined) return [file];
  const tsx = pathToFileURL(join(checkout, 'node_modules', 'tsx', 'dist', 'loader.mjs')).href;
  return ['--import', tsx, join(checkout, programs[name])];
}

/** Runs a program in this process: it finds its arguments where it would if it had been started itself. */
export async function runHere(name, parameters) {
  const file = await findProgram(name);
  const program = file ?? join(checkout, programs[name]);
  process.argv = [process.argv[0], program, ...parameters];
  if (file === undefined) {
    const { register } = await import('tsx/esm/api');
    register();
  }
  await import(pathToFileURL(program).href);
}

export function isProgram(name) {
  return Object.hasOwn(programs, name);
}

// Packages that look for files next to their own. An import of them that is not to be paid at every start is made where it is
// used: a bundle makes one at the top of a file one of the program.
const left = [
  ...['esbuild', 'tsx', 'highs', 'node-pg-migrate'],
  ...['@google-cloud/*', 'google-auth-library', 'google-gax'],
];

// The native core finds its parts next to itself, and the packages over it must be the ones that it loads.
const leftToWorkers = [...left, '@temporalio/*', '@swc/*', 'webpack'];

// Code of the scripts that are made, not of this one: in a bundle, what stands here literally would be replaced.
const ownAddress = ['import', 'meta', 'url'].join('.');

/** Makes all programs in a folder. */
export async function buildPrograms(folder) {
  const make = (names, external, more = {}) =>
    makeScripts({
      entryPoints: Object.fromEntries(names.map((name) => [name, programs[name]])),
      outdir: folder,
      external,
      // From where the script lies: a checkout may be moved.
      root: `new URL(${JSON.stringify(toCheckout(folder))}, ${ownAddress})`,
      traces: `${toCheckout(folder)}setup/traces.mjs`,
      ...more,
    });
  await Promise.all([
    // Each command in files of its own: Node reads the whole of a file that it opens, which was half of a command's time.
    make(['client'], left, { splitting: true, plugins: [...plugins, namesOfPackages] }),
    // What runs for days has all that it may ever need in one file: the folder may be gone by then.
    make(['supervisor', 'keeper', 'migrate'], left),
    make(['worker', 'bundle-workflows'], leftToWorkers),
  ]);
}

/** Bundles TypeScript of this checkout; `root` is code that gives the checkout's address, `traces` an import. */
export async function makeScripts({ root, traces, external = [], ...options }) {
  const esbuild = await import('esbuild');
  await esbuild.build({
    absWorkingDir: checkout,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    external: ['pg-native', ...external],
    // Packages in CommonJS ask for `require`; ours ask where they lie.
    banner: {
      js: [
        `import ${JSON.stringify(traces)};`,
        "import { createRequire as sevenfoldRequire } from 'node:module';",
        `const require = sevenfoldRequire(${ownAddress});`,
        `const sevenfoldSource = (path) => new URL(path, ${root}).href;`,
      ].join(' '),
    },
    plugins,
    sourcemap: 'linked',
    sourcesContent: false,
    legalComments: 'none',
    logLevel: 'silent',
    ...options,
  });
}

const toCheckout = (folder) => `${relative(folder, checkout).split(sep).join('/')}/`;

/** Files that our code reads and starts lie next to its sources, so `import.meta.url` stays what it is there. */
const placesOfSources = {
  name: 'places of sources',
  setup({ onLoad }) {
    onLoad({ filter: /\.(ts|mjs)$/ }, ({ path }) => {
      const name = relative(checkout, path).split(sep).join('/');
      if (name.startsWith('node_modules/')) return undefined;
      const text = readFileSync(path, 'utf8');
      const contents = text.replaceAll(ownAddress, `sevenfoldSource(${JSON.stringify(name)})`);
      return { contents, loader: path.endsWith('.ts') ? 'ts' : 'js' };
    });
  },
};

/** Nine tenths of a map would be of code that is not ours: of a package it says the file. */
const noMapsOfPackages = {
  name: 'no maps of packages',
  setup({ onLoad }) {
    onLoad({ filter: /\/node_modules\/.*\.[cm]?js$/ }, ({ path }) => {
      const map = { version: 3, sources: [basename(path)], mappings: 'AAAA' };
      const comment = `//# sourceMappingURL=data:application/json;base64,${btoa(JSON.stringify(map))}`;
      return { contents: `${readFileSync(path, 'utf8')}\n${comment}`, loader: 'js' };
    });
  },
};

/** In a file of its own a package in CommonJS has no names but `default`: those that are imported when used say theirs. */
export const namesOfPackages = {
  name: 'names of packages',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^@temporalio\// }, ({ path, kind }) =>
      kind === 'dynamic-import' ? { path, namespace: 'named' } : undefined,
    );
    onLoad({ filter: /./, namespace: 'named' }, async ({ path }) => {
      const names = Object.keys(await import(path)).filter((name) => /^[A-Za-z_$][\w$]*$/.test(name));
      const said = names.filter((name) => name !== 'default' && name !== 'module.exports');
      return {
        contents: `export { ${said.join(', ')} } from ${JSON.stringify(path)};`,
        resolveDir: checkout,
      };
    });
  },
};

const plugins = [placesOfSources, noMapsOfPackages];
