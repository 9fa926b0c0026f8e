import { execFileSync, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { readConfig } from '../../src/config.ts';

const { checkout: ours, cacheFolder } = readConfig();

/** Checkouts are kept in the cache, for setting one up takes minutes. */
const kept = path.join(cacheFolder, 'deploys');

const git = (args: string[], cwd = ours): string => execFileSync('git', args, { cwd, encoding: 'utf8' });

/** A checkout of this commit, made in a folder of its own and set up by its own set-up. */
export function checkoutOf(commit: string): string {
  const full = git(['rev-parse', '--verify', `${commit}^{commit}`]).trim();
  const folder = path.join(kept, full);
  if (!existsSync(folder)) {
    mkdirSync(kept, { recursive: true });
    const draft = `${folder}.draft`;
    rmSync(draft, { recursive: true, force: true });
    git(['clone', '--quiet', ours, draft]);
    git(['checkout', '--quiet', '--detach', full], draft);
    renameSync(draft, folder);
  }
  setUp(folder);
  return folder;
}

/**
 * This checkout as it is now, whether committed or not, with another first command in every run's workflow: a history of
 * ours cannot be replayed by it.
 */
export function incompatibleCheckout(): string {
  const folder = path.join(kept, 'incompatible');
  const files = git(['ls-files', '-z', '--cached', '--others', '--exclude-standard']).split('\0');
  // Its packages and environment are kept, its own files are made anew.
  if (existsSync(path.join(folder, 'src'))) rmSync(path.join(folder, 'src'), { recursive: true });
  for (const file of files.filter((file) => file !== '' && existsSync(path.join(ours, file)))) {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    copyFileSync(path.join(ours, file), path.join(folder, file));
  }
  const control = path.join(folder, 'src/workflows/run-control.ts');
  const before = '  upsertSearchAttributes([\n    { key: attributes.kind';
  const text = readFileSync(control, 'utf8');
  if (text.split(before).length !== 2) throw new Error(`the first command of carryOut is not in ${control}`);
  writeFileSync(control, text.replace(before, `  await sleep(1);\n${before}`));
  setUp(folder);
  return folder;
}

/** Runs a checkout's own set-up; `state` is the folder that its programs will work in. */
export function setUp(folder: string, state?: string): void {
  const { SEVENFOLD_STATE: _, ...env } = process.env;
  const { status } = spawnSync(process.execPath, ['setup.mjs'], {
    cwd: folder,
    env: { ...env, ...(state !== undefined && { SEVENFOLD_STATE: state }) },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status !== 0) throw new Error(`set-up failed in ${folder}`);
}
