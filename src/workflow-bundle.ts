import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Failure } from './failures.ts';
import { nodeArguments } from './stack/node.ts';

const mostBytes = 64 * 2 ** 20;

/**
 * The code of the workflows as one script. Bundled by a process of its own: webpack and the compiler would leave 120 MB in
 * the worker, which lives for weeks.
 */
export async function bundleWorkflows(): Promise<{ code: string }> {
  const bundler = fileURLToPath(new URL('./bundle-workflows.ts', import.meta.url));
  try {
    const { stdout } = await promisify(execFile)(process.execPath, nodeArguments(bundler), {
      maxBuffer: mostBytes,
    });
    return { code: stdout };
  } catch (error) {
    const { stderr } = error as { stderr?: string };
    throw new Failure('Infrastructure', `The workflows cannot be bundled: ${stderr || String(error)}`, {
      cause: error,
    });
  }
}
