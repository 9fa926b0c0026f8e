import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { before, describe, test } from 'node:test';
import { format } from '@cdktn/hcl-tools';
import { parse } from '@cdktn/hcl2json';
import { parse as parseYaml } from 'yaml';
import { dataprocSettings } from '../support/engine-settings.ts';
import { readConfig } from '../../src/config.ts';
import { checkout, deployFolder, knownVariables, read } from './support.ts';

type Body = Record<string, unknown>;

/** A file as the parser gives it: blocks by kind, then by their labels; locals and terraform have none. */
interface Parsed {
  terraform?: Body[];
  locals?: Body[];
  variable?: Record<string, Body[]>;
  output?: Record<string, Body[]>;
  resource?: Record<string, Record<string, Body[]>>;
  ephemeral?: Record<string, Record<string, Body[]>>;
}

const folder = path.join(deployFolder, 'terraform');
const files = readdirSync(folder).filter((name) => name.endsWith('.tf'));
const text = files.map((file) => read('terraform', file)).join('\n');
const provider = JSON.parse(
  readFileSync(path.join(checkout, 'test/deploy/google-provider.json'), 'utf8'),
) as { version: string; arguments: Record<string, string>; readable: Record<string, string> };

/** What a resource's type declares; made from the provider's schema by provider-arguments.mjs. */
function declared(where: string): Map<string, { type: string; required: boolean }> {
  return new Map(
    (provider.arguments[where] ?? '')
      .split(' ')
      .filter(Boolean)
      .map((field) => {
        const [, name, type, required] = /^(\w+):(.+?)(!?)$/.exec(field)!;
        return [name!, { type: type!, required: required === '!' }];
      }),
  );
}

const metaArguments = ['count', 'depends_on', 'for_each', 'lifecycle', 'provider'];

function argumentProblems(where: string, body: Body): string[] {
  const known = declared(where);
  const problems = Object.entries(body).flatMap(([name, value]) => {
    const argument = known.get(name);
    if (argument === undefined) {
      return metaArguments.includes(name) && !where.includes('.') ? [] : [`${where} has no ${name}`];
    }
    const isBlock = argument.type === '{}' || argument.type === '[]';
    if (!isBlock) return [];
    const bodies = value as Body[];
    const tooMany = argument.type === '{}' && bodies.length > 1 ? [`${where} has one ${name} at most`] : [];
    return [...tooMany, ...bodies.flatMap((inner) => argumentProblems(`${where}.${name}`, inner))];
  });
  const missing = [...known].filter(([name, { required }]) => required && !(name in body));
  return [...problems, ...missing.map(([name]) => `${where} needs ${name}`)];
}

describe('deploy/terraform', () => {
  let parsed: Parsed[];
  let resources: { type: string; name: string; body: Body }[];
  let variables: Record<string, Body>;
  let locals: Record<string, unknown>;
  const only = (type: string, name: string): Body => {
    const found = resources.find((one) => one.type === type && one.name === name);
    assert.ok(found, `${type}.${name}`);
    return found.body;
  };
  const inner = (body: Body, ...names: string[]): Body =>
    names.reduce((at, name) => (at[name] as Body[])[0]!, body);

  before(async () => {
    parsed = await Promise.all(
      files.map(async (file) => (await parse(file, read('terraform', file))) as Parsed),
    );
    resources = parsed.flatMap(({ resource = {} }) =>
      Object.entries(resource).flatMap(([type, named]) =>
        Object.entries(named).map(([name, [body]]) => ({ type, name, body: body! })),
      ),
    );
    variables = Object.fromEntries(
      parsed.flatMap(({ variable = {} }) =>
        Object.entries(variable).map(([name, [body]]) => [name, body!] as const),
      ),
    );
    locals = Object.fromEntries(parsed.flatMap(({ locals: own = [] }) => own.flatMap(Object.entries)));
  });

  test('is formatted', async () => {
    for (const file of files)
      assert.equal(await format(read('terraform', file)), read('terraform', file), file);
  });

  test('gives resources the arguments that the provider knows, and all that it demands', () => {
    assert.ok(resources.length > 20, String(resources.length));
    const problems = resources.flatMap(({ type, body }) =>
      type in provider.readable ? argumentProblems(type, body) : [`${type} is not in google-provider.json`],
    );
    assert.deepEqual(problems, []);
  });

  test('a misspelt argument is found, and one that is missing', () => {
    assert.deepEqual(argumentProblems('google_storage_bucket.versioning', { enable: true }), [
      'google_storage_bucket.versioning has no enable',
      'google_storage_bucket.versioning needs enabled',
    ]);
  });

  test('reads of resources, variables and locals only what is there', () => {
    const problems = [...text.matchAll(/\b(google_\w+)\.(\w+)(?:\[[^\]]+\])?(?:\.(\w+))?/g)].flatMap(
      ([whole, type, name, attribute]) => {
        if (!resources.some((one) => one.type === type && one.name === name)) return [whole];
        const readable = provider.readable[type!]!.split(' ');
        return attribute === undefined || readable.includes(attribute) ? [] : [whole];
      },
    );
    assert.deepEqual(problems, []);
    const used = new Set([...text.matchAll(/\bvar\.(\w+)/g)].map(([, name]) => name));
    assert.deepEqual([...used].sort(), Object.keys(variables).sort());
    for (const [name, body] of Object.entries(variables)) assert.ok(body['description'], name);
  });

  test('versions are pinned, and the state is kept where whoever applies it says', () => {
    const terraform = parsed.find((file) => file.terraform)!.terraform![0]!;
    const providers = (terraform['required_providers'] as Record<string, { version: string }>[])[0]!;
    assert.deepEqual(
      Object.entries(providers).map(([name, { version }]) => [name, version]),
      [
        ['google', `~> ${provider.version}`],
        ['random', '~> 3.7.2'],
      ],
    );
    assert.equal(terraform['required_version'], '~> 1.11');
    assert.ok(!('backend' in terraform));
  });

  test('each account has its roles and no other', () => {
    const given = resources
      .filter(({ type }) => type.endsWith('_iam_member'))
      .flatMap(({ type, body }) => {
        const literal = (value: unknown): string[] =>
          [...String(value).matchAll(/roles\/[\w.]+/g)].map(([role]) => role);
        const roles = literal(body['role']);
        const where = type.replace(/^google_|_iam_member$/g, '');
        const accounts = [
          ...`${String(body['member'])} ${JSON.stringify(body['for_each'] ?? '')}`.matchAll(
            /google_service_account\.(\w+)\.member/g,
          ),
        ].map(([, account]) => account!);
        return (roles.length > 0 ? roles : literal(body['for_each'])).flatMap((role) =>
          accounts.map((account) => `${account}: ${role} on ${where}`),
        );
      })
      .sort();
    assert.deepEqual(given, [
      'batch: roles/artifactregistry.reader on artifact_registry_repository',
      'batch: roles/cloudsql.client on project',
      'batch: roles/dataproc.worker on project',
      'batch: roles/secretmanager.secretAccessor on secret_manager_secret',
      'batch: roles/storage.objectAdmin on storage_bucket',
      'worker: roles/artifactregistry.reader on artifact_registry_repository',
      'worker: roles/dataproc.editor on project',
      'worker: roles/iam.serviceAccountUser on service_account',
      'worker: roles/logging.logWriter on project',
      'worker: roles/secretmanager.secretAccessor on secret_manager_secret',
      'worker: roles/storage.objectUser on storage_bucket',
    ]);
    // Additive members of one role: a binding or a policy would take away what others have.
    const iam = resources.filter(({ type }) => type.includes('_iam_'));
    assert.ok(iam.every(({ type }) => type.endsWith('_iam_member')));
    const batchSecret = only('google_secret_manager_secret_iam_member', 'batch');
    assert.equal(batchSecret['secret_id'], '${google_secret_manager_secret.database.id}');
    assert.ok(!('for_each' in batchSecret), 'batches read one secret');
  });

  test('staging goes after seven days, code and results stay', () => {
    const temp = only('google_storage_bucket', 'temp');
    const rules = (temp['lifecycle_rule'] as Body[]).map((rule) => ({
      action: inner(rule, 'action')['type'],
      condition: inner(rule, 'condition'),
    }));
    assert.deepEqual(
      rules.filter(({ action }) => action === 'Delete'),
      [{ action: 'Delete', condition: { age: '${var.staging_days}', matches_prefix: ['jobs/'] } }],
    );
    assert.equal(variables['staging_days']!['default'], 7);
    const results = only('google_storage_bucket', 'results');
    assert.ok(!('lifecycle_rule' in results));
    for (const bucket of [temp, results]) {
      assert.equal(bucket['public_access_prevention'], 'enforced');
      assert.equal(bucket['uniform_bucket_level_access'], true);
    }
  });

  test('nothing has a public address', () => {
    const [network] = only('google_compute_instance', 'worker')['network_interface'] as Body[];
    assert.deepEqual(Object.keys(network!), ['subnetwork']);
    const settings = inner(only('google_sql_database_instance', 'main'), 'settings');
    assert.equal(inner(settings, 'ip_configuration')['ipv4_enabled'], false);
    assert.equal(inner(settings, 'ip_configuration')['private_network'], '${google_compute_network.main.id}');
    assert.equal(only('google_compute_subnetwork', 'main')['private_ip_google_access'], true);
    for (const { name, body } of resources.filter(({ type }) => type === 'google_compute_firewall')) {
      assert.ok(!JSON.stringify(body).includes('0.0.0.0/0'), name);
      assert.ok('source_ranges' in body || 'source_service_accounts' in body, name);
    }
  });

  test('the database is backed up and not destroyed by mistake', () => {
    const database = only('google_sql_database_instance', 'main');
    const backup = inner(database, 'settings', 'backup_configuration');
    assert.equal(backup['enabled'], true);
    assert.equal(backup['point_in_time_recovery_enabled'], true);
    assert.equal(database['deletion_protection'], '${var.deletion_protection}');
    assert.equal(inner(database, 'settings')['deletion_protection_enabled'], '${var.deletion_protection}');
    assert.equal(variables['deletion_protection']!['default'], true);
  });

  test('no secret is in the state: passwords are made on the way and written, never kept', () => {
    const keeping = resources.flatMap(({ type, body }) =>
      ['password', 'secret_data', 'root_password']
        .filter((name) => name in body)
        .map((name) => `${type}.${name}`),
    );
    assert.deepEqual(keeping, []);
    assert.ok(!resources.some(({ type }) => type.startsWith('random_')));
    assert.ok(parsed.some(({ ephemeral }) => ephemeral?.['random_password']));
    const secret = only('google_secret_manager_secret_version', 'database');
    const user = only('google_sql_user', 'sevenfold');
    assert.equal(secret['secret_data_wo_version'], user['password_wo_version'], 'they change together');
    assert.equal(user['password_wo'], '${ephemeral.random_password.database.result}');
    assert.ok(String(secret['secret_data_wo']).includes('${ephemeral.random_password.database.result}'));
    const outputs = JSON.stringify(parsed.map(({ output }) => output));
    assert.ok(!outputs.includes('ephemeral') && !outputs.includes('secret_data'));
  });

  test('the environment that it prints is one that makes a worker send its batches to Dataproc', () => {
    const environment = locals['environment'] as Record<string, string>;
    assert.deepEqual(Object.keys(environment).sort(), [
      'DATAPROC_BATCH_ID_PREFIX',
      'DATAPROC_CONTAINER_IMAGE',
      'DATAPROC_MAX_EXECUTORS',
      'DATAPROC_MIN_EXECUTORS',
      'DATAPROC_RUNTIME_VERSION',
      'DATAPROC_SERVICE_ACCOUNT',
      'DATAPROC_SUBNETWORK',
      'ENABLE_DATAPROC_SERVERLESS',
      'GCP_PROJECT_ID',
      'GCP_REGION',
      'GCP_RESULTS_BUCKET',
      'GCP_TEMP_BUCKET',
      'SEVENFOLD_DATABASE_SECRET',
    ]);
    // What the expressions come to in project my-project.
    const values = {
      ...environment,
      DATAPROC_BATCH_ID_PREFIX: 'automl-spark',
      DATAPROC_CONTAINER_IMAGE: 'us-central1-docker.pkg.dev/my-project/sevenfold/batch:0123456789ab',
      DATAPROC_MAX_EXECUTORS: '20',
      DATAPROC_MIN_EXECUTORS: '2',
      DATAPROC_RUNTIME_VERSION: '1.2',
      DATAPROC_SERVICE_ACCOUNT: 'sevenfold-batch@my-project.iam.gserviceaccount.com',
      DATAPROC_SUBNETWORK: 'projects/my-project/regions/us-central1/subnetworks/sevenfold',
      GCP_PROJECT_ID: 'my-project',
      GCP_REGION: 'us-central1',
      GCP_RESULTS_BUCKET: 'my-project-sevenfold-results',
      GCP_TEMP_BUCKET: 'my-project-sevenfold-temp',
      SEVENFOLD_DATABASE_SECRET: 'projects/my-project/secrets/sevenfold-database-url/versions/latest',
      SPARK_FALLBACK: 'off',
    };
    const config = readConfig(values);
    assert.equal(config.mode, 'dataproc');
    assert.deepEqual([dataprocSettings(config).missing, config.warnings], [[], []]);
    assert.equal(config.sparkFallback, false);
    assert.equal(dataprocSettings(config).databaseSecret, values.SEVENFOLD_DATABASE_SECRET);

    const home = locals['home_environment'] as string;
    const known = knownVariables();
    for (const name of [...Object.keys(environment), ...home.matchAll(/\b[A-Z]+_[A-Z_]+\b/g)].map(String)) {
      assert.ok(known.has(name), `${name} is read by nobody`);
    }
  });

  test("the worker's machine starts the container with its environment, and knows no secret", () => {
    const filled = read('terraform', 'worker-cloud-init.yaml.tftpl')
      .replace('${indent(6, environment)}', 'GCP_REGION=us-central1')
      .replace(/\$\{(\w+)\}/g, '$1');
    assert.ok(filled.startsWith('#cloud-config\n'));
    const cloud = parseYaml(filled) as {
      write_files: { path: string; permissions: string; content: string }[];
      runcmd: string[];
    };
    const file = (name: string) => cloud.write_files.find((one) => one.path.endsWith(name))!;
    assert.equal(file('/environment').permissions, '0600');
    const unit = file('sevenfold-worker.service').content;
    assert.match(
      unit,
      /^ExecStart=\/usr\/bin\/docker run .*--env-file \/etc\/sevenfold\/environment .* image worker$/m,
    );
    assert.match(unit, /--memory memory_mbm --memory-swap memory_mbm/);
    assert.ok(!/PASSWORD|DATABASE_URL|--publish/.test(filled));
    for (const command of cloud.runcmd.flatMap((line) => line.match(/sevenfold-[\w.]+/g) ?? [])) {
      assert.ok(file(command), command);
    }
  });
});
