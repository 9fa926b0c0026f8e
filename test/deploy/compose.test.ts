import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { standaloneSettings } from '../support/engine-settings.ts';
import { readConfig } from '../../src/config.ts';
import { searchAttributes } from '../../src/search-attributes.ts';
import { checkout, deployFolder, knownVariables, mebibytes, read } from './support.ts';

interface Service {
  image: string;
  command?: string[];
  entrypoint?: string[];
  environment?: Record<string, string>;
  ports?: string[];
  volumes?: string[];
  mem_limit: string;
  memswap_limit?: string;
  network_mode?: string;
  build?: { context: string; dockerfile: string; target: string };
  depends_on?: Record<string, { condition: string }>;
  healthcheck?: { test: string[] };
}

const text = read('compose.yaml');
const document = parse(text, { merge: true }) as {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
};
const { services } = document;
const workers = Object.entries(services).filter(([name]) => name.startsWith('spark-worker-'));
const given = Object.fromEntries(
  read('env.example')
    .split('\n')
    .flatMap((line) => /^(\w+)=(.*)$/.exec(line)?.slice(1, 3) ?? [])
    .reduce<[string, string][]>(
      (pairs, word, index, words) => (index % 2 === 0 ? [...pairs, [word, words[index + 1]!]] : pairs),
      [],
    ),
);

describe('deploy/compose.yaml', () => {
  test('is what the Compose Specification allows', () => {
    // schema/compose-spec.json of compose-go 2.9.1, which `docker compose` 2.40.3 reads files with.
    const schema = JSON.parse(
      readFileSync(path.join(checkout, 'test/deploy/compose-spec.json'), 'utf8'),
    ) as Record<string, unknown>;
    const { $schema: _, ...rest } = schema;
    const ajv = new Ajv({
      strict: false,
      formats: { duration: true, ports: true, expose: true, subnet_ip_address: true },
    });
    const valid = ajv.compile(rest);
    assert.ok(valid(document), JSON.stringify(valid.errors?.slice(0, 3)));
    const broken = structuredClone(document) as unknown as {
      services: Record<string, Record<string, unknown>>;
    };
    broken.services['worker']!['memory'] = '1g';
    assert.ok(!valid(broken), 'an unknown key is refused');
  });

  test('names only services, volumes and files that are there', () => {
    for (const [name, service] of Object.entries(services)) {
      for (const other of Object.keys(service.depends_on ?? {}))
        assert.ok(services[other], `${name}: ${other}`);
      const shared = /^service:(.+)$/.exec(service.network_mode ?? '')?.[1];
      if (shared !== undefined) assert.ok(service.depends_on?.[shared], `${name} starts after ${shared}`);
      for (const volume of service.volumes ?? []) {
        const [source] = volume.split(':');
        if (source!.startsWith('./')) assert.ok(existsSync(path.join(deployFolder, source!)), volume);
        else if (!source!.startsWith('$')) assert.ok(source! in document.volumes, volume);
      }
      const [build] = service.build ? [service.build] : [];
      if (build) {
        const file = readFileSync(path.join(deployFolder, build.context, build.dockerfile), 'utf8');
        assert.match(file, new RegExp(`^FROM \\S+ AS ${build.target}$`, 'm'), name);
      }
    }
    for (const [, name] of text.matchAll(/\$\{(\w+)[:?-]/g)) {
      assert.ok(name! in given || /_IMAGE$/.test(name!), `${name} stands in env.example`);
    }
  });

  test('publishes on loopback alone', () => {
    const ports = Object.values(services).flatMap((service) => service.ports ?? []);
    assert.ok(ports.length >= 3);
    for (const port of ports) assert.match(port, /^127\.0\.0\.1:\d+:\d+$/);
    assert.ok(!text.includes('network_mode: host'));
  });

  test('holds no password: each is asked for, and example has none', () => {
    for (const [name, { environment = {} }] of Object.entries(services)) {
      for (const [variable, value] of Object.entries(environment)) {
        if (/PASSWORD|PWD|SECRET|WEBHOOK/.test(variable))
          assert.match(value, /^\$\{\w+(:\?.+|:-)\}$/, `${name} ${variable}`);
      }
    }
    for (const [name, value] of Object.entries(given)) {
      if (/PASSWORD|WEBHOOK/.test(name)) assert.equal(value, '', name);
    }
    assert.match(read('.gitignore'), /^\.env$/m);
  });

  test('every service has a limit of memory, and their sum is what the file says', () => {
    const limits = Object.entries(services).map(
      ([name, { mem_limit }]) => [name, mebibytes(mem_limit)] as const,
    );
    for (const [name, limit] of limits) assert.ok(limit > 0, name);
    const sum = limits.reduce((total, [, limit]) => total + limit, 0) / 1024;
    const [, stated] = /^# Memory, ([\d.]+) GiB in all/m.exec(text)!;
    assert.equal(sum, Number(stated));
    for (const [, name, times, each] of text.matchAll(/^# {3}([\w-]+)(?: ×(\d))? +(\d\.\d\d)\b/gm)) {
      const found = limits.filter(([service]) => (times ? service.startsWith(`${name}-`) : service === name));
      assert.equal(found.length, Number(times ?? 1), name);
      for (const [, limit] of found) assert.equal(limit, Number(each) * 1024, name);
    }
  });

  test("the limits of Spark's containers are what Spark is configured to use, plus its overhead", () => {
    assert.equal(workers.length, 4);
    const jvm = 256; // beside the heap of a daemon
    for (const [name, service] of workers) {
      const { SPARK_DAEMON_MEMORY: daemon, SPARK_WORKER_MEMORY: offered } = service.environment!;
      const overhead = Math.max(384, 0.1 * mebibytes(offered!));
      const reported = mebibytes(daemon!) + jvm + mebibytes(offered!) + overhead;
      const python = mebibytes(service.mem_limit) - reported;
      assert.equal(python, 896, `${name} leaves that for Python tasks`);
      assert.equal(service.memswap_limit, service.mem_limit, 'no swap');
      assert.equal(service.environment!['SPARK_WORKER_CORES'], '1');
    }
    const master = services['spark-master']!;
    assert.equal(mebibytes(master.mem_limit), mebibytes(master.environment!['SPARK_DAEMON_MEMORY']!) + jvm);
    const {
      SPARK_EXECUTOR_MEMORY: executor,
      SPARK_DRIVER_MEMORY: driver,
      SPARK_LOCAL_SLOTS: slots,
    } = services['keeper']!.environment!;
    assert.ok(mebibytes(executor!) <= mebibytes(workers[0]![1].environment!['SPARK_WORKER_MEMORY']!));
    const each = mebibytes(driver!) + 512;
    assert.equal(mebibytes(services['keeper']!.mem_limit), each + Number(slots) * (each + 256) + 512);
  });

  test('all of the cluster listens on the loopback of one network', () => {
    const master = services['spark-master']!;
    const inCluster = [...workers.map(([, service]) => service), services['keeper']!, services['worker']!];
    for (const service of inCluster) assert.equal(service.network_mode, 'service:spark-master');
    for (const service of [master, ...workers.map(([, one]) => one)]) {
      assert.equal(service.environment!['SPARK_LOCAL_IP'], '127.0.0.1');
      assert.equal(service.command![service.command!.indexOf('--host') + 1], '127.0.0.1');
    }
    assert.equal(master.ports, undefined);
    const pages = workers.map(([, service]) => service.environment!['SPARK_WORKER_WEBUI_PORT']);
    assert.equal(new Set([...pages, '8080']).size, 5);
  });

  test('worker and keeper get an environment that our configuration knows, and it means the cluster', () => {
    const known = knownVariables();
    for (const name of ['worker', 'keeper']) {
      for (const variable of Object.keys(services[name]!.environment!)) {
        assert.ok(known.has(variable), `${variable} is read by nobody`);
      }
    }
    const environment = {
      ...services['worker']!.environment,
      DB_PASSWORD: 'a password with @ and /',
      SLACK_WEBHOOK_URL: '',
    };
    const config = readConfig(environment);
    assert.equal(config.mode, 'standalone');
    assert.deepEqual(config.warnings, []);
    assert.equal(new URL(config.databaseUrl!).hostname, 'postgres');
    const command = services['spark-master']!.command!;
    assert.equal(
      standaloneSettings(config).masterUrl,
      `spark://127.0.0.1:${command[command.indexOf('--port') + 1]}`,
    );
    assert.equal(
      standaloneSettings(config).masterUi,
      `http://127.0.0.1:${command[command.indexOf('--webui-port') + 1]}`,
    );
    assert.ok(services['keeper']!.volumes!.includes('socket:/run/sevenfold'));
  });

  test('Temporal keeps priorities, and every search attribute that a worker demands is registered', () => {
    const dynamic = parse(read('temporal-dynamic-config.yaml')) as Record<string, { value: unknown }[]>;
    assert.deepEqual(dynamic['matching.useNewMatcher'], [{ value: true }]);
    const script = services['temporal-setup']!.entrypoint!.at(-1)!;
    const registered = [...script.matchAll(/^register (\w+) (\w+)$/gm)].map(([, name, type]) => [name, type]);
    assert.deepEqual(Object.fromEntries(registered), searchAttributes);
    assert.equal(
      services['worker']!.depends_on!['temporal-setup']!.condition,
      'service_completed_successfully',
    );
  });

  test('whatever runs on has a health check', () => {
    const without = Object.entries(services).filter(([, service]) => service.healthcheck === undefined);
    assert.deepEqual(
      without.map(([name]) => name),
      ['temporal-setup', 'temporal-ui'],
    );
  });
});
