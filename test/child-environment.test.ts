import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { embeddedEnvironment, pythonEnvironment, sparkEnvironment } from '../src/child-environment.ts';

test('another Python, Spark or Hadoop of a person reaches none of our processes; the rest does', (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'sevenfold-jobs-'));
  t.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(path.join(folder, 'sevenfold_jobs'));
  const given = {
    PYTHONPATH: `/opt/spark/python:${folder}:`,
    ...{ PYTHONHOME: '/opt', PYTHONINSPECT: '1', PYTHONSAFEPATH: '1', PYSPARK_PYTHON: 'python2' },
    ...{ SPARK_HOME: '/opt/spark', SPARK_CONF_DIR: '/etc/spark', HADOOP_CONF_DIR: '/etc', CLASSPATH: 'x' },
    ...{ SPARK_SUBMIT_OPTS: '-Dx=y', HOME: '/home/jane', LC_ALL: 'C', SEVENFOLD_PART: '0a/spark' },
  };
  const kept = {
    SPARK_SUBMIT_OPTS: '-Dx=y',
    HOME: '/home/jane',
    LC_ALL: 'C.UTF-8',
    SEVENFOLD_PART: '0a/spark',
    PYTHONPATH: `/checkout/spark:${folder}`,
  };
  assert.deepEqual(sparkEnvironment(given, '/checkout/spark'), kept);
  assert.equal(pythonEnvironment({ PYTHONPATH: '/opt/spark/python' })['PYTHONPATH'], undefined);
});

test('the embedded servers are reached directly and know no other server', () => {
  const env = embeddedEnvironment({
    ...{ DATABASE_URL: 'x', DB_HOST: 'x', PGOPTIONS: '-c x=y', PGSSLMODE: 'require', TEMPORAL_API_KEY: 'x' },
    ...{ http_proxy: 'http://proxy:3128', no_proxy: 'intranet', PATH: '/bin' },
  });
  assert.deepEqual(env, {
    http_proxy: 'http://proxy:3128',
    PATH: '/bin',
    no_proxy: 'intranet,localhost,127.0.0.1,::1',
    NO_PROXY: 'intranet,localhost,127.0.0.1,::1',
  });
});
