import { existsSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { explaining, run } from '../commands.mjs';
import { SetupFailure } from '../failure.mjs';
import {
  findProgram,
  keepNewest,
  keptFolder,
  programFile,
  sourcesVersion,
  workflowsFile,
} from '../programs.mjs';

/**
 * The command line, the worker and the workflows of this version of the code, as one script each. An image fetches its
 * packages before it has our code: then there is nothing to do yet. @type {import('../main.mjs').Step}
 */
export const programs = {
  title: 'Programs',

  isThere({ places }) {
    if (!existsSync(join(places.checkout, 'src'))) return true;
    const version = sourcesVersion();
    return [programFile('client', version), workflowsFile(version)].every((file) => existsSync(file));
  },

  detail: () => dirname(programFile('client')),

  async install({ places, env, log }, note) {
    note('bundling');
    const bundler = await findProgram('bundle-workflows');
    if (bundler === undefined) throw new SetupFailure(`${keptFolder} cannot be written`);
    const version = sourcesVersion();
    const draft = `${workflowsFile(version)}.draft`;
    await explaining('Bundling the workflows', 'Run this again.', log, () =>
      run(process.execPath, [bundler, draft], { cwd: places.checkout, env, log }),
    );
    renameSync(draft, workflowsFile(version));
    keepNewest(keptFolder, 'workflows-');
  },
};
