/** A supervisor for tests: the parts named in the state folder, real ones where the name is theirs. */
import path from 'node:path';
import { readConfig } from '../../src/config.ts';
import { readJson } from '../../src/stack/files.ts';
import type { Part } from '../../src/stack/part.ts';
import { postgresPart } from '../../src/stack/postgres.ts';
import { supervise } from '../../src/stack/supervisor.ts';
import { temporalPart } from '../../src/stack/temporal.ts';

const { stateFolder } = readConfig();
const checkout = path.dirname(stateFolder);
const names = readJson<string[]>(path.join(stateFolder, 'setup.parts.json')) ?? [];

// Sleeps with a child that sleeps in a process group of its own, as the keeper and its jobs do.
const sleeper = `
  const { spawn } = require('node:child_process');
  if (process.argv[1] !== 'child') spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'], { detached: true });
  setInterval(() => {}, 1e6);
`;

function standIn(name: string): Part {
  return {
    name,
    needs: names.filter((other) => other === 'postgres' || other === 'temporal'),
    runsOurCode: true,
    stop: { signal: 'SIGTERM', graceMs: 2_000 },
    silentLimitMs: 60_000,
    address: () => null,
    prepare: async () => ({
      ...(name === 'failing'
        ? { command: '/bin/sh', args: ['-c', 'echo "Error: no luck today"; exit 1'] }
        : { command: process.execPath, args: ['-e', sleeper] }),
      env: process.env,
      cwd: '/',
    }),
    health: async (_process, startedAt) => (Date.now() - startedAt < 100 ? 'starting' : 'serving'),
  };
}

await supervise({
  checkout,
  stateFolder,
  parts: (addresses) =>
    names.map((name) => {
      if (name === 'postgres') return postgresPart(addresses);
      if (name === 'temporal') return temporalPart(addresses);
      return standIn(name);
    }),
});
