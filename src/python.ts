import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { env as inherited } from 'node:process';
import type { Readable } from 'node:stream';
import { embeddedEnvironment, pythonEnvironment } from './child-environment.ts';
import type { Config } from './config.ts';
import { isEmbeddedAddress } from './database/client-options.ts';
import { Failure, isFailureType } from './failures.ts';
import { locateToolchain } from './stack/toolchain.ts';

/**
 * Starts a Python module of ours with a JSON object on its standard input. `ended` says how it ended, with its last words:
 * `exit code 1: MemoryError`.
 */
export function beginPython(
  module: string,
  request: Record<string, unknown>,
  { python, checkout, env }: { python: string; checkout: string; env: NodeJS.ProcessEnv },
): { stdout: Readable; ended: Promise<{ well: boolean; how: string }> } {
  const child = spawn(python, ['-m', module], {
    cwd: join(checkout, 'spark'),
    env,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let trouble = '';
  const ended = new Promise<string>((end) => {
    child.once('error', (error) => end(error.message));
    child.once('close', (code, signal) => end(signal ? `ended by ${signal}` : `exit code ${code}`));
  }).then((how) => {
    const words = trouble.trim().split('\n').at(-1) ?? '';
    return { well: how === 'exit code 0', how: `${how}${words && `: ${words}`}` };
  });
  child.stderr.on('data', (chunk: Buffer) => (trouble = (trouble + chunk.toString()).slice(-4_000)));
  child.stdin.on('error', () => {}); // its exit says more
  child.stdin.end(JSON.stringify(request));
  return { stdout: child.stdout, ended };
}

/**
 * The environment of a process of ours that works with a database. The address holds the password, and arguments can be
 * read by everybody; PG* of a person's are for that person's own database.
 */
export function environmentWithDatabase(databaseUrl: string): NodeJS.ProcessEnv {
  const env = pythonEnvironment(inherited);
  return {
    ...(isEmbeddedAddress(databaseUrl) ? embeddedEnvironment(env) : env),
    DATABASE_URL: databaseUrl,
  };
}

/**
 * Asks a Python module of ours one thing: a JSON object on its standard input, one on its standard output. Throws what it
 * says is wrong (`{errorType, message}`), and `Infrastructure` where it ends without an answer. `databaseUrl` is for modules
 * that work with the ledger's database.
 */
export async function askPython<Answer>(
  config: Pick<Config, 'stateFolder' | 'checkout'>,
  module: string,
  request: Record<string, unknown>,
  databaseUrl?: string,
): Promise<Answer> {
  const { stdout, ended } = beginPython(module, request, {
    python: locateToolchain(config.stateFolder).python,
    checkout: config.checkout,
    env: databaseUrl === undefined ? pythonEnvironment(inherited) : environmentWithDatabase(databaseUrl),
  });
  const said: Buffer[] = [];
  stdout.on('data', (chunk: Buffer) => said.push(chunk));
  const { well, how } = await ended;
  const answer = parsed(Buffer.concat(said).toString());
  if (answer !== undefined && typeof answer['message'] === 'string') {
    throw new Failure(
      isFailureType(answer['errorType']) ? answer['errorType'] : 'JobFailed',
      answer['message'],
    );
  }
  if (answer !== undefined && well) return answer as Answer;
  throw new Failure('Infrastructure', `${module} ended without an answer (${how}).`);
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
