import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { env as inherited } from 'node:process';
import { pythonEnvironment } from './child-environment.ts';
import type { Config } from './config.ts';
import { Failure, isFailureType } from './failures.ts';
import { locateToolchain } from './stack/toolchain.ts';

/**
 * Asks a Python module of ours one thing: a JSON object on its standard input, one on its standard output. Throws what it
 * says is wrong (`{errorType, message}`), and `Infrastructure` where it ends without an answer.
 */
export async function askPython<Answer>(
  config: Pick<Config, 'stateFolder' | 'checkout'>,
  module: string,
  request: Record<string, unknown>,
): Promise<Answer> {
  const { python } = locateToolchain(config.stateFolder);
  const child = spawn(python, ['-m', module], {
    cwd: join(config.checkout, 'spark'),
    env: pythonEnvironment(inherited),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const ended = new Promise<string>((end) => {
    child.once('error', (error) => end(error.message));
    child.once('close', (code, signal) => end(signal ? `ended by ${signal}` : `exit code ${code}`));
  });
  let trouble = '';
  child.stderr.on('data', (chunk: Buffer) => (trouble = (trouble + chunk.toString()).slice(-4_000)));
  child.stdin.on('error', () => {}); // its exit says more
  child.stdin.end(JSON.stringify(request));
  const said: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => said.push(chunk));
  const how = await ended;
  const answer = parsed(Buffer.concat(said).toString());
  if (answer !== undefined && typeof answer['message'] === 'string') {
    throw new Failure(
      isFailureType(answer['errorType']) ? answer['errorType'] : 'JobFailed',
      answer['message'],
    );
  }
  if (answer !== undefined && how === 'exit code 0') return answer as Answer;
  const words = trouble.trim().split('\n').at(-1) ?? '';
  throw new Failure('Infrastructure', `${module} ended without an answer (${how}${words && `: ${words}`}).`);
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
