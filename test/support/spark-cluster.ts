import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../../src/config.ts';
import { identify, killTrees } from '../../src/stack/processes.ts';
import { locateToolchain } from '../../src/stack/toolchain.ts';
import { freePort } from './ports.ts';
import { until } from './until.ts';

/** A real Spark standalone cluster on loopback: one master, and workers with one core each. */
export interface SparkCluster {
  /** `spark://127.0.0.1:…` */
  masterUrl: string;
  /** `http://127.0.0.1:…` */
  masterUi: string;
  workers: readonly ChildProcess[];
  state(): Promise<MasterJson>;
  stop(): Promise<void>;
}

export interface MasterJson {
  workers: { id: string; state: string }[];
  activeapps: { id: string; name: string; state: string }[];
  completedapps: { id: string; name: string; state: string }[];
}

/** JVMs beside each other, on a machine that may be busy. */
const startTimeoutMs = 90_000;

export async function startSparkCluster({ workers: count = 2, memory = '1g' } = {}): Promise<SparkCluster> {
  const { python, javaHome } = locateToolchain(readConfig().stateFolder);
  const folder = mkdtempSync(join(tmpdir(), 'sevenfold-spark-'));
  const log = openSync(join(folder, 'cluster.log'), 'a');
  const sparkHome = execFileSync(
    python,
    ['-c', 'import importlib.util as u; print(u.find_spec("pyspark").submodule_search_locations[0])'],
    { encoding: 'utf8' },
  ).trim();
  const [port, uiPort] = await Promise.all([freePort(), freePort()]);
  const masterUrl = `spark://127.0.0.1:${port}`;
  const masterUi = `http://127.0.0.1:${uiPort}`;

  const start = (part: string, ...args: string[]): ChildProcess =>
    spawn(join(sparkHome, 'bin', 'spark-class'), [`org.apache.spark.deploy.${part}`, ...args], {
      stdio: ['ignore', log, log],
      cwd: folder,
      env: {
        ...process.env,
        JAVA_HOME: javaHome,
        SPARK_LOCAL_IP: '127.0.0.1',
        SPARK_DAEMON_MEMORY: '256m',
        SPARK_DAEMON_JAVA_OPTS: '-XX:-UsePerfData -XX:TieredStopAtLevel=1',
        // What test/run.mjs asks of drivers, for executors too. Without a word: spark-class reads what its own JVM prints.
        ...(process.env['SPARK_SUBMIT_OPTS'] !== undefined && {
          JAVA_TOOL_OPTIONS: `${process.env['SPARK_SUBMIT_OPTS']} -Xlog:disable`,
        }),
      },
    });
  const master = start(
    'master.Master',
    ...['--host', '127.0.0.1', '--port', String(port), '--webui-port', String(uiPort)],
  );
  const startWorker = (index: number): ChildProcess =>
    start(
      'worker.Worker',
      ...['--host', '127.0.0.1', '--port', '0', '--webui-port', '0', '--cores', '1', '--memory', memory],
      ...['--work-dir', join(folder, `work-${index}`), masterUrl],
    );

  const state = async (): Promise<MasterJson> =>
    (await (await fetch(`${masterUi}/json/`)).json()) as MasterJson;
  const workers: ChildProcess[] = [];
  const cluster: SparkCluster = {
    masterUrl,
    masterUi,
    workers,
    state,
    async stop() {
      const identities = [master, ...workers].flatMap(({ pid }) => identify(pid ?? 0) ?? []);
      await killTrees(identities);
      rmSync(folder, { recursive: true, force: true });
    },
  };
  try {
    await until('the master answers', () => state().catch(() => undefined), startTimeoutMs);
    for (let index = 0; index < count; index += 1) workers.push(startWorker(index));
    await until(
      `${count} workers are alive`,
      async () => (await state()).workers.filter((one) => one.state === 'ALIVE').length === count,
      startTimeoutMs,
    );
    return cluster;
  } catch (error) {
    const said = readFileSync(join(folder, 'cluster.log'), 'utf8').slice(-2_000);
    await cluster.stop();
    throw new Error(`the Spark cluster did not start: ${(error as Error).message}\n${said}`, {
      cause: error,
    });
  }
}
