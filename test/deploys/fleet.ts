import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openDatabase } from '../../src/database/pool.ts';
import type { Database } from '../../src/database/pool.ts';
import { dropDatabase, emptyDatabase } from '../support/postgres.ts';
import { collect } from '../support/rig.ts';
import { ownNamespace, shared } from '../support/shared.ts';
import { until } from '../support/until.ts';
import { setUp } from './checkouts.ts';

type Program = 'keeper' | 'worker';

const readyWhen: Record<Program, string> = {
  keeper: '"the keeper listens"',
  worker: '"worker is ready"',
};

/**
 * An installation as deploy/systemd has it, on one database, one Temporal and one state folder: a keeper and a worker, each
 * of which can be replaced by that of another checkout. Every start is preceded by the set-up and the migrations of the
 * checkout, as docs/operate.md says.
 */
export class Fleet {
  readonly state: string;
  readonly failpoints: string;
  readonly env: NodeJS.ProcessEnv;
  readonly database: Database;
  readonly #running = new Map<Program, ChildProcess>();
  readonly #databaseUrl: string;
  #starts = 0;

  private constructor(databaseUrl: string, temporalAddress: string) {
    this.state = mkdtempSync(path.join(tmpdir(), 'sevenfold-deploys-'));
    this.failpoints = path.join(this.state, 'failpoints');
    mkdirSync(this.failpoints);
    this.#databaseUrl = databaseUrl;
    this.database = openDatabase(databaseUrl, 'deploys', 2);
    const namespace = ownNamespace();
    const { NODE_TEST_CONTEXT: _, ...inherited } = process.env;
    this.env = {
      ...inherited,
      DATABASE_URL: databaseUrl,
      TEMPORAL_ADDRESS: temporalAddress,
      TEMPORAL_NAMESPACE: namespace,
      SEVENFOLD_STATE: this.state,
      SEVENFOLD_SPARK_SOCKET: path.join(this.state, 'keeper.sock'),
      SEVENFOLD_BATCH_PREFIX: `sf-${namespace}`,
      SEVENFOLD_FAILPOINTS: this.failpoints,
    };
  }

  static async create(): Promise<Fleet> {
    const [databaseUrl, { address }] = await Promise.all([emptyDatabase(), shared('temporal')]);
    return new Fleet(databaseUrl, address);
  }

  /** Set-up and migrations of a checkout, before the first of its programs starts. */
  async install(checkout: string): Promise<void> {
    setUp(checkout, this.state);
    const migrated = await collect(this.#spawn(checkout, 'launch.mjs', ['migrate']));
    if (migrated.exitCode !== 0) throw new Error(`migrations of ${checkout}: ${migrated.stderr}`);
  }

  /** Starts a program of a checkout and waits until it serves. */
  async start(program: Program, checkout: string): Promise<void> {
    const log = path.join(this.state, `${program}-${++this.#starts}.log`);
    const output = openSync(log, 'a');
    const child = spawn(process.execPath, [path.join(checkout, 'launch.mjs'), program], {
      cwd: checkout,
      env: this.env,
      stdio: ['ignore', output, output],
    });
    closeSync(output);
    this.#running.set(program, child);
    await until(`the ${program} of ${checkout} serves (${log})`, () => {
      if (child.exitCode !== null) throw new Error(`${program}: ${readFileSync(log, 'utf8')}`);
      return existsSync(log) && readFileSync(log, 'utf8').includes(readyWhen[program]);
    });
  }

  /** Ends a program as a service manager does. */
  async stop(program: Program): Promise<void> {
    const child = this.#running.get(program);
    if (child === undefined || child.exitCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await ended;
    this.#running.delete(program);
  }

  /** A command of a checkout; its exit code and what it printed. */
  async command(checkout: string, ...args: string[]): ReturnType<typeof collect> {
    return collect(this.begin(checkout, ...args));
  }

  begin(checkout: string, ...args: string[]): ChildProcess {
    return this.#spawn(checkout, 'sevenfold.mjs', args);
  }

  async takeDown({ keepFolder = false } = {}): Promise<void> {
    await this.stop('worker');
    await this.stop('keeper');
    await this.database.end();
    await dropDatabase(this.#databaseUrl);
    if (!keepFolder) rmSync(this.state, { recursive: true, force: true });
  }

  #spawn(checkout: string, script: string, args: string[]): ChildProcess {
    return spawn(process.execPath, [path.join(checkout, script), ...args], {
      cwd: checkout,
      env: this.env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }
}
