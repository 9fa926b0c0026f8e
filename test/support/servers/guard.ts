/**
 * Holds a server that a whole test run shares: `guard.ts <name> <folder> <owner's pid> <owner's start time>`. Ends it and
 * removes its data when the owner is gone or on SIGTERM: nothing is left of a test run that was killed.
 */
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { identify, isSame } from '../../../src/stack/processes.ts';
import type { ServerName, ServerRecord } from '../shared.ts';

/** A server that runs. */
export interface Held {
  address: string;
  pid: number;
  ended: Promise<void>;
  /** Ends it, with what it keeps outside of its folder. */
  stop(): Promise<void>;
}

const [, , name = '', folder = '', ownerPid = '', startTime = ''] = process.argv;
const owner = { pid: Number(ownerPid), startTime };

const module = (await import(`./${name as ServerName}.ts`)) as { start(folder: string): Promise<Held> };
const held = await module.start(folder);

let ending: Promise<never> | undefined;
const end = (): Promise<never> =>
  (ending ??= held.stop().then(() => {
    rmSync(folder, { recursive: true, force: true });
    process.exit(0);
  }));
process.once('SIGTERM', () => void end());
process.once('SIGINT', () => void end());
void held.ended.then(end);

const guard = identify(process.pid);
if (guard === undefined) throw new Error('this process does not find itself');
const record: ServerRecord = { address: held.address, guard, pid: held.pid, folder };
writeFileSync(path.join(folder, 'server.json.new'), JSON.stringify(record), { mode: 0o600 });
renameSync(path.join(folder, 'server.json.new'), path.join(folder, 'server.json'));

while (isSame(owner)) await sleep(200);
await end();
