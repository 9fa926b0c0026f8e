import * as values from '../../environment-values.ts';
import type { Environment } from '../../environment-values.ts';
import { Failure } from '../../failures.ts';

export interface DataprocSettings {
  /** Variables that are not set and without which no batch can be sent. */
  missing: string[];
  projectId: string | undefined;
  region: string | undefined;
  /** Code, jars, requests. Bare names, never `gs://`. */
  tempBucket: string | undefined;
  resultsBucket: string | undefined;
  batchPrefix: string;
  runtimeVersion: string;
  containerImage: string | undefined;
  serviceAccount: string | undefined;
  subnetwork: string | undefined;
  /** Memory that was asked for by a variable; unset, the size of the data decides. */
  executorMemoryGb: number | undefined;
  driverMemoryGb: number | undefined;
  /** The secret that holds the database's address, by its name. */
  databaseSecret: string | undefined;
  /** Tests only: services on this machine. */
  emulator: { host: string; port: number } | undefined;
  storageEndpoint: string | undefined;
  secretEndpoint: string | undefined;
}

/** Throws `InvalidInput` with the variable's name when a value makes no sense. */
export function readDataprocSettings(env: Environment): DataprocSettings {
  const projectId = projectOf(env);
  const region = values.matching(
    env,
    'GCP_REGION',
    /^[a-z]+-[a-z]+\d{1,2}$/,
    'a region such as us-central1 (not a zone)',
  );
  const usualBucket = `${projectId}-automl-temp`;
  const tempBucket =
    values.bucket(env, 'GCP_TEMP_BUCKET') ??
    (projectId !== undefined && values.isBucketName(usualBucket) ? usualBucket : undefined);
  const needed = { GCP_PROJECT_ID: projectId, GCP_REGION: region, GCP_TEMP_BUCKET: tempBucket };
  return {
    // The bucket's name hangs on the project's: with the project it is there, too.
    missing: Object.entries(needed).flatMap(([name, value]) =>
      value !== undefined || (name === 'GCP_TEMP_BUCKET' && projectId === undefined) ? [] : [name],
    ),
    projectId,
    region,
    tempBucket,
    resultsBucket: values.bucket(env, 'GCP_RESULTS_BUCKET') ?? tempBucket,
    batchPrefix: values.batchPrefix(env, 'DATAPROC_BATCH_ID_PREFIX', 'automl-spark'),
    runtimeVersion:
      values.matching(
        env,
        'DATAPROC_RUNTIME_VERSION',
        /^[1-9]\d*\.\d+(?:\.\d+)?$/,
        'a version such as 1.2',
      ) ?? '1.2',
    containerImage: values.matching(
      env,
      'DATAPROC_CONTAINER_IMAGE',
      /^[a-z0-9][\w./:@-]*$/,
      'the name of an image such as us-docker.pkg.dev/project/repository/name:tag',
    ),
    serviceAccount: values.matching(
      env,
      'DATAPROC_SERVICE_ACCOUNT',
      /^[^\s@]+@[^\s@]+$/,
      "a service account's address such as name@project.iam.gserviceaccount.com",
    ),
    subnetwork: values.matching(
      env,
      'DATAPROC_SUBNETWORK',
      /^(?:https:\/\/\S+\/)?[a-z0-9.:/_-]+$/,
      'the name of a subnetwork, or projects/…/regions/…/subnetworks/…',
    ),
    executorMemoryGb: askedMemory(env, 'SPARK_EXECUTOR_MEMORY'),
    driverMemoryGb: askedMemory(env, 'SPARK_DRIVER_MEMORY'),
    databaseSecret: values.matching(
      env,
      'SEVENFOLD_DATABASE_SECRET',
      /^projects\/[^/\s]+\/secrets\/[\w-]{1,255}\/versions\/(?:latest|[1-9]\d*)$/,
      'the name of a secret: projects/…/secrets/…/versions/latest',
    ),
    emulator: emulatorOf(env),
    storageEndpoint: storageEndpoint(env),
    secretEndpoint: values.loopbackAddress(env, 'SECRET_MANAGER_ENDPOINT')?.origin,
  };
}

function projectOf(env: Environment): string | undefined {
  const name = values.text(env, 'GCP_PROJECT_ID') === undefined ? 'GOOGLE_CLOUD_PROJECT' : 'GCP_PROJECT_ID';
  // Old projects of a domain are called example.com:name.
  return values.matching(
    env,
    name,
    /^(?:[a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$/,
    'a project\'s id (not its number or title): 6 to 30 of a-z, 0-9 and "-", a letter first',
  );
}

function askedMemory(env: Environment, name: string): number | undefined {
  return values.text(env, name) === undefined ? undefined : values.gigabytes(values.memory(env, name, ''));
}

function emulatorOf(env: Environment): DataprocSettings['emulator'] {
  const host = values.text(env, 'DATAPROC_API_ENDPOINT');
  const insecure = values.flag(env, 'DATAPROC_INSECURE', false);
  const port = values.count(env, 'DATAPROC_API_PORT', 443, 1, 65_535);
  if (host !== undefined && /[/\s]|^[^:]+:\d+$/.test(host)) {
    values.refuse('DATAPROC_API_ENDPOINT', host, 'a host alone: its port goes into DATAPROC_API_PORT');
  }
  if (insecure && (host === undefined || !values.isLoopback(host))) {
    throw new Failure(
      'InvalidInput',
      `DATAPROC_INSECURE is set, but DATAPROC_API_ENDPOINT is ${host === undefined ? 'not' : `"${host}"`}: without TLS and credentials only a service on this machine (127.0.0.1) is talked to.`,
    );
  }
  if (host !== undefined && !insecure) {
    throw new Failure(
      'InvalidInput',
      `DATAPROC_API_ENDPOINT is "${host}", but it is for tests only, and then DATAPROC_INSECURE must be true; the real service is found by GCP_REGION.`,
    );
  }
  return host === undefined ? undefined : { host, port };
}

/** Google's library takes the variable as it stands, and without the path every call is answered with 500. */
function storageEndpoint(env: Environment): string | undefined {
  const url = values.loopbackAddress(env, 'STORAGE_EMULATOR_HOST');
  if (url !== undefined && url.pathname.replace(/\/$/, '') !== '/storage/v1') {
    values.refuse('STORAGE_EMULATOR_HOST', url.href, `${url.origin}/storage/v1`);
  }
  return url?.origin;
}
