import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const checkout = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Arguments for Node that run a program of the tests, named from the checkout. A test run has it as a script
 * (test/build.mjs), which starts in a quarter of the time that tsx takes.
 */
export function scriptArguments(file: string): string[] {
  const built = process.env['SEVENFOLD_TEST_SCRIPTS'];
  const script = built === undefined ? undefined : path.join(built, file.replace(/\.ts$/, '.js'));
  if (script !== undefined && existsSync(script)) return [script];
  // By its own place: from a checkout of the test's own, tsx would not be found.
  return ['--import', import.meta.resolve('tsx'), path.join(checkout, file)];
}
