import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { foundPython } from '../../setup/places.mjs';
import { Failure } from '../failures.ts';

/**
 * Where set-up (setup.mjs) found or put what is not an npm package. All paths are absolute;
 * in the file that of the interpreter is relative to the checkout.
 */
export interface Toolchain {
  /** The interpreter of `.venv`, which has all Python packages. */
  python: string;
  /** A Java 17. */
  javaHome: string;
  /** Jars that Spark loads in addition to its own: spark/jars.lock. */
  jars: string[];
  /** The Temporal command line, which holds the development server. */
  temporal: string;
  /** The time-skipping server, an executable that takes a port. There only after `node setup.mjs --tests`. */
  testServer: string;
  testServerJars: string[];
  /**
   * Class archives for our own JVMs (`local`) and for those of clusters (`plain`), which start twice as fast by
   * it. There only after `node setup.mjs --tests`.
   */
  classArchives: { local?: string; plain?: string };
  /** Tests only: a Chromium, on the platforms for which there is a package. */
  browser: string | undefined;
}

const ownCheckout = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** Reads `toolchain.json` of the state folder; throws `Infrastructure` with what to do where set-up was not run. */
export function locateToolchain(stateFolder: string, checkout = ownCheckout): Toolchain {
  const file = join(stateFolder, 'toolchain.json');
  const found = read(file);
  found['python'] = foundPython(found['python'], checkout);
  const path = (key: string): string => {
    const value = found[key];
    if (typeof value === 'string') return value;
    throw new Failure('Infrastructure', `${file} does not say where ${key} is. Run: node setup.mjs`);
  };
  return {
    python: path('python'),
    javaHome: path('javaHome'),
    jars: paths(found['jars']),
    temporal: path('temporal'),
    testServer: join(stateFolder, 'bin', 'temporal-test-server'),
    testServerJars: paths(found['testServerJars']),
    classArchives: (found['classArchives'] as Toolchain['classArchives'] | undefined) ?? {},
    browser: typeof found['browser'] === 'string' ? found['browser'] : undefined,
  };
}

function read(file: string): Record<string, unknown> {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  } catch (error) {
    throw new Failure(
      'Infrastructure',
      `${file} cannot be read: set-up was not run here. Run: node setup.mjs`,
      {
        cause: error,
      },
    );
  }
}

function paths(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}
