// What the containers of sevenfold start with: reads the secrets that the environment names, gives the state folder this
// image's toolchain.json, and runs one of our programs with them.
import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const checkout = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** Variables that hold a secret, and the ones that say where in Secret Manager it is. */
export const secretNames = {
  DATABASE_URL: 'SEVENFOLD_DATABASE_SECRET',
  TEMPORAL_API_KEY: 'SEVENFOLD_TEMPORAL_SECRET',
  SLACK_WEBHOOK_URL: 'SEVENFOLD_SLACK_SECRET',
};

const signals = ['SIGTERM', 'SIGINT', 'SIGHUP'];
const migrate = ['launch.mjs', 'migrate'];
const programs = {
  worker: { migrates: true, args: ['launch.mjs', 'worker'] },
  queue: { migrates: true, args: ['launch.mjs', 'worker', '--queue', 'spark'] },
  keeper: { migrates: false, args: ['launch.mjs', 'keeper'] },
  sevenfold: { migrates: false, args: ['sevenfold.mjs'] },
  /** Brings the schema up to this code's and ends. */
  migrate: { migrates: false, args: migrate },
};

/**
 * The environment with the secrets that it names. What is set already stays: a secret is asked for only where there is
 * none. `read` answers with the text of a secret version.
 */
export async function withSecrets(env, read) {
  const found = { ...env };
  for (const [variable, source] of Object.entries(secretNames)) {
    if (found[variable] || !env[source]) continue;
    try {
      found[variable] = await read(env[source]);
    } catch (error) {
      // The message is the service's: it speaks of permissions and names, never of the value.
      throw new Error(`${source} names ${env[source]}, which cannot be read: ${error.message}`);
    }
  }
  return found;
}

async function readSecret(name) {
  const { GoogleAuth } = await import('google-auth-library');
  const auth = new GoogleAuth({ scopes: 'https://www.googleapis.com/auth/cloud-platform' });
  const { data } = await auth.request({ url: `https://secretmanager.googleapis.com/v1/${name}:access` });
  return Buffer.from(data.payload.data, 'base64').toString('utf8').trim();
}

/** Kept volumes outlive images, and would otherwise say where the tools of an older one were. */
function giveToolchain(env) {
  const built = env.SEVENFOLD_TOOLCHAIN;
  if (!built || !env.SEVENFOLD_STATE) return;
  mkdirSync(env.SEVENFOLD_STATE, { recursive: true });
  copyFileSync(built, join(env.SEVENFOLD_STATE, 'toolchain.json'));
}

/** Runs a program to its end, with the signals that reach us; gives its exit code. */
function run(args, env) {
  const child = spawn(process.execPath, args, { cwd: checkout, env, stdio: 'inherit' });
  const pass = (signal) => child.kill(signal);
  for (const signal of signals) process.on(signal, pass);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? (signal === 'SIGTERM' ? 143 : 1)));
  }).finally(() => signals.forEach((signal) => process.off(signal, pass)));
}

async function main([name = 'worker', ...rest]) {
  const program = programs[name];
  if (program === undefined) {
    throw new Error(`There is no program "${name}"; there are ${Object.keys(programs).join(', ')}.`);
  }
  const env = await withSecrets(process.env, readSecret);
  giveToolchain(env);
  for (const args of [...(program.migrates ? [migrate] : []), [...program.args, ...rest]]) {
    const code = await run(args, env);
    if (code !== 0) process.exit(code);
  }
  process.exit(0);
}

if (process.argv[1] !== undefined && fileURLToPath(import.meta.url) === realpathSync(process.argv[1])) {
  main(process.argv.slice(2)).catch((error) => {
    console.error(error.message);
    process.exit(1);
  });
}
