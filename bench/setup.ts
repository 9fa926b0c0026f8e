import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../src/config.ts';
import { record } from './results.ts';

/** `npm start` in a fresh clone beside this one, with the caches of this machine; then the same again. */
export async function run(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sevenfold-bench-'));
  chmodSync(folder, 0o755);
  const clone = join(folder, 'clone');
  const env = { ...process.env };
  delete env['SEVENFOLD_STATE'];
  execFileSync('git', ['clone', '--quiet', readConfig().checkout, clone]);
  const timed = (name: string, size: string, targetSeconds: number, command: string, args: string[]) => {
    const started = performance.now();
    const { status, stderr } = spawnSync(command, args, { cwd: clone, env, encoding: 'utf8' });
    if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
    record({ name, size, seconds: (performance.now() - started) / 1000, targetSeconds });
  };
  try {
    timed('setup: npm start', 'fresh clone, warm caches', 60, 'npm', ['start']);
    timed('setup: npm start', 'again', 10, 'npm', ['start']);
    timed('setup: run daily --help', 'one call', 1, 'node', ['sevenfold.mjs', 'run', 'daily', '--help']);
  } finally {
    spawnSync('node', ['sevenfold.mjs', 'down', '--wipe'], { cwd: clone, env });
    rmSync(folder, { recursive: true, force: true });
  }
}
