import { join } from 'node:path';
import { ask } from '../commands.mjs';
import { isCurrent } from '../files.mjs';
import { buildGoProgram } from '../go.mjs';

const version = '1.56.1';

const ownFolder = (places) => join(places.cache, 'object-store', version);

/**
 * For tests only: a bucket service on loopback that speaks the protocol of Google's. Measured: 90 seconds of two cores with
 * an empty build cache.
 * @type {import('../main.mjs').Step}
 */
export const objectStore = {
  title: 'Object store for tests',

  isThere: ({ places, toolchain }) => isCurrent(places, toolchain.objectStore, ownFolder(places)),

  detail: ({ toolchain }) => toolchain.objectStore,

  async install(context, note) {
    const own = join(ownFolder(context.places), 'fake-gcs-server');
    const program = {
      source: `github.com/fsouza/fake-gcs-server@v${version}`,
      flags: ['-ldflags', '-s -w'],
      what: 'The object store',
      duration: '2 minutes',
      instead: '`go`',
      isUsable: (path) => ask(path, ['-h'], context.env) !== undefined,
    };
    await buildGoProgram(context, own, program, note);
    context.toolchain.objectStore = own;
  },
};
