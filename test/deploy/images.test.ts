import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { checkout, deployFolder, read } from './support.ts';

interface EntryPoint {
  secretNames: Record<string, string>;
  withSecrets: (
    env: Record<string, string | undefined>,
    readSecret: (name: string) => Promise<string>,
  ) => Promise<Record<string, string | undefined>>;
}

const entryPoint = path.join(deployFolder, 'images', 'entrypoint.mjs');
const { withSecrets } = (await import(entryPoint)) as EntryPoint;

/** Instructions of a Dockerfile, lines that go on joined. */
function instructions(file: string): string[] {
  return read('images', file)
    .replace(/^#.*\n/gm, '')
    .replace(/\\\n/g, ' ')
    .split('\n')
    .map((line) => line.trim().replace(/ +/g, ' '))
    .filter(Boolean);
}

/** Whether Docker sees the file: later lines win, and a folder covers everything in it. */
function sees(ignoreFile: string, file: string): boolean {
  let seen = true;
  for (const line of read('images', ignoreFile).split('\n').filter(Boolean)) {
    const name = line.replace(/^!/, '');
    const matches = name === '*' || file === name || file.startsWith(`${name}/`);
    if (matches) seen = line.startsWith('!');
  }
  return seen;
}

describe('images', () => {
  for (const file of ['worker.Dockerfile', 'batch.Dockerfile']) {
    test(`${file} copies files that are there and that Docker gets to see, and pins what it stands on`, () => {
      const stages = new Set<string>();
      for (const line of instructions(file)) {
        const [, base, stage] = /^FROM (\S+)(?: AS (\S+))?$/.exec(line) ?? [];
        if (base !== undefined && !stages.has(base))
          assert.match(base, /^docker\.io\/library\/\w+:\d+\.\d+\.\d+-/);
        if (stage !== undefined) stages.add(stage);
        if (!line.startsWith('COPY ') || line.includes('--from=')) continue;
        for (const source of line.split(' ').slice(1, -1)) {
          assert.ok(existsSync(path.join(checkout, source)), source);
          assert.ok(sees(`${file}.dockerignore`, source), `${source} is kept from Docker`);
        }
      }
      const users = instructions(file).filter((line) => line.startsWith('USER '));
      assert.ok(users.length > 0 && !users.includes('USER root'));
    });
  }

  test('nothing of this machine, no secret and no test gets into an image', () => {
    for (const file of [
      '.sevenfold/stack.json',
      '.venv/bin/python',
      'deploy/.env',
      '.git/config',
      'spark/tests/conftest.py',
    ]) {
      assert.ok(!sees('worker.Dockerfile.dockerignore', file), file);
    }
  });

  test('the image for Dataproc has the number, the Python and the packages that the service wants', () => {
    const lines = instructions('batch.Dockerfile');
    assert.ok(
      lines.some((line) => /^FROM docker\.io\/library\/python:3\.12\.\d+-/.test(line)),
      'runtime 1.2 has 3.12',
    );
    assert.ok(lines.includes('USER spark'));
    assert.ok(lines.some((line) => /groupadd --gid 1099 spark .*useradd --uid 1099 --gid 1099/.test(line)));
    assert.ok(
      !/java|jdk|SPARK_HOME|JAVA_HOME/i.test(lines.join('\n')),
      'Spark and Java are mounted by the service',
    );

    const lock = path.join(checkout, 'spark', 'requirements.lock');
    const kept = execFileSync(
      'awk',
      ['-f', path.join(deployFolder, 'images', 'batch-requirements.awk'), lock],
      {
        encoding: 'utf8',
      },
    );
    const names = (text: string): string[] => [...text.matchAll(/^([\w.-]+)==/gm)].map(([, name]) => name!);
    const dropped = names(readFileSync(lock, 'utf8')).filter((name) => !names(kept).includes(name));
    assert.deepEqual(dropped.sort(), ['py4j', 'pyspark']);
    for (const name of ['google-auth', 'numpy', 'psycopg', 'pyarrow', 'synapseml', 'xgboost-cpu']) {
      assert.ok(names(kept).includes(name), name);
    }
    for (const entry of kept.split(/^(?=\S)/m)) assert.match(entry, /--hash=sha256:/);
  });

  test('images hold what jobs need and no library of tests, which have the very same packages', () => {
    const spark = (name: string): string => readFileSync(path.join(checkout, 'spark', name), 'utf8');
    const entries = (lock: string): string[] => lock.split(/^(?=[A-Za-z0-9])/m);
    const nameOf = (entry: string): string => /^[\w.-]+/.exec(entry)![0];
    const jobs = entries(spark('requirements.lock'));
    const tests = entries(spark('requirements-tests.lock'));
    for (const entry of [...jobs, ...tests]) {
      assert.match(entry, /--hash=sha256:/, nameOf(entry));
      assert.doesNotMatch(entry, /:\/\//, 'a lock file has no addresses');
    }
    const missing = jobs.filter((entry) => !tests.includes(entry)).map(nameOf);
    assert.deepEqual(missing, [], 'make requirements-tests.lock again');

    const onlyTests = [...spark('requirements-tests.in').matchAll(/^([a-z][\w.-]*)/gm)].map(
      ([, name]) => name!,
    );
    assert.ok(onlyTests.includes('pytest') && onlyTests.includes('ruff'));
    const inImages = jobs.map(nameOf);
    assert.deepEqual(
      onlyTests.filter((name) => inImages.includes(name)),
      [],
    );
    const imported = new RegExp(`^\\s*(import|from) (${onlyTests.join('|')})\\b`, 'm');
    const jobFiles = readdirSync(path.join(checkout, 'spark', 'sevenfold_jobs'), {
      recursive: true,
      encoding: 'utf8',
    });
    for (const file of jobFiles.filter((name) => name.endsWith('.py'))) {
      assert.doesNotMatch(spark(path.join('sevenfold_jobs', file)), imported, file);
    }
    assert.ok(!sees('worker.Dockerfile.dockerignore', 'spark/requirements-tests.lock'));
  });

  test('driver and executors of the cluster have their Python at one path', () => {
    const text = read('images', 'worker.Dockerfile');
    const venvs = [...text.matchAll(/^COPY --from=fetched (\S+) (\S+)$/gm)].map(([, from, to]) => [from, to]);
    assert.ok(venvs.some(([from, to]) => from === '/opt/sevenfold/.venv' && to === from));
    assert.ok(venvs.some(([from, to]) => from === '/opt/sevenfold' && to === from));
  });
});

describe('the entry point', () => {
  test('a secret that is named is read, one that is set is not asked for', async () => {
    const asked: string[] = [];
    const readSecret = async (name: string): Promise<string> => {
      asked.push(name);
      return `value of ${name}`;
    };
    const env = await withSecrets(
      { SEVENFOLD_DATABASE_SECRET: 'a', SEVENFOLD_SLACK_SECRET: 'b', SLACK_WEBHOOK_URL: 'given', HOME: '/' },
      readSecret,
    );
    assert.deepEqual(asked, ['a']);
    assert.equal(env['DATABASE_URL'], 'value of a');
    assert.equal(env['SLACK_WEBHOOK_URL'], 'given');
    assert.equal(env['HOME'], '/');
    assert.ok(!('TEMPORAL_API_KEY' in env));
  });

  test('a secret that cannot be read is named', async () => {
    const denied = async (): Promise<string> => {
      throw new Error('permission denied');
    };
    await assert.rejects(withSecrets({ SEVENFOLD_DATABASE_SECRET: 'projects/p/secrets/s' }, denied), {
      message:
        'SEVENFOLD_DATABASE_SECRET names projects/p/secrets/s, which cannot be read: permission denied',
    });
  });

  test("gives the state folder this image's toolchain, passes arguments on and ends as its program ends", async () => {
    const scratch = mkdtempSync(path.join(tmpdir(), 'sevenfold-entry-'));
    try {
      const toolchain = path.join(scratch, 'built.json');
      writeFileSync(toolchain, '{"python":"/opt/x"}');
      const env = {
        PATH: process.env['PATH'],
        HOME: scratch,
        SEVENFOLD_STATE: path.join(scratch, 'state'),
        SEVENFOLD_TOOLCHAIN: toolchain,
      };
      const run = promisify(execFile);
      const { stdout } = await run(
        process.execPath,
        [entryPoint, 'sevenfold', 'schedule', 'check', '--help'],
        { env },
      );
      assert.match(stdout, /^Usage: sevenfold schedule check/);
      assert.equal(
        readFileSync(path.join(scratch, 'state', 'toolchain.json'), 'utf8'),
        '{"python":"/opt/x"}',
      );
      await assert.rejects(
        run(process.execPath, [entryPoint, 'sevenfold', 'no-such-command'], { env }),
        ({ code }) => code !== 0,
      );
      await assert.rejects(
        run(process.execPath, [entryPoint, 'nothing'], { env }),
        /There is no program "nothing"/,
      );
      await assert.rejects(
        run(process.execPath, [entryPoint, 'migrate'], { env }),
        /No database is configured/,
      );
    } finally {
      rmSync(scratch, { recursive: true });
    }
  });
});
