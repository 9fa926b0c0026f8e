import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { addressesFile, readChosen, refuseLostData, writeChosen } from './chosen.ts';
import type { Chosen, PortName } from './chosen.ts';
import { databaseUser } from './cluster.ts';
import { readRecords } from './ending.ts';
import { chooseDataFolder, serverUser, socketFolder } from './places.ts';
import { choosePort, commandOf, isFree, listenerOf } from './ports.ts';

// Where people and the `temporal` command line look first; PostgreSQL's 5432 is left to the system's own server.
const preferredPorts: Partial<Record<PortName, number>> = { temporal: 7233, temporalUi: 8233 };

/** The addresses of one stack. Only its supervisor changes them. */
export class Addresses {
  readonly stateFolder: string;
  readonly #chosen: Chosen;

  private constructor(stateFolder: string, chosen: Chosen) {
    this.stateFolder = stateFolder;
    this.#chosen = chosen;
  }

  /** Reads what was chosen and chooses what was not. */
  static async open(stateFolder: string): Promise<Addresses> {
    refuseLostData(stateFolder);
    const chosen = readChosen(stateFolder) ?? {
      databasePassword: randomBytes(24).toString('hex'),
      databaseFolder: chooseDataFolder(stateFolder, 'postgres', serverUser()),
      ports: {},
      from: undefined,
      lost: undefined,
    };
    if (chosen.from !== undefined) chosen.ports = portsBroughtAlong(chosen, chosen.from);
    const addresses = new Addresses(stateFolder, chosen);
    // While anything of ours runs, it stays where the rest of us looks for it.
    if (readRecords(stateFolder).length === 0) await addresses.#leavePreferredToNeighbours();
    await addresses.choosePorts(['postgres', 'temporal', 'temporalUi']);
    return addresses;
  }

  /** Gives each port that was never used to anything a free number; the others keep theirs. */
  async choosePorts(names: PortName[]): Promise<void> {
    const open = names.filter((name) => this.#chosen.ports[name]?.proven !== true);
    for (const name of open) {
      const preferred = this.#chosen.ports[name]?.port ?? preferredPorts[name];
      const port = await choosePort(preferred, `${this.stateFolder}/${name}`);
      this.#chosen.ports[name] = { port, proven: false };
    }
    if (open.length > 0) this.#save();
  }

  /**
   * The numbers that every checkout prefers: one that was ours may be a neighbour's since our last stop. Nobody should have
   * to end the one for the other; a stranger on it is another matter, and is named.
   */
  async #leavePreferredToNeighbours(): Promise<void> {
    for (const name of Object.keys(preferredPorts) as PortName[]) {
      const port = this.#chosen.ports[name]?.port;
      if (port === undefined || port !== preferredPorts[name] || (await isFree(port))) continue;
      const holder = listenerOf(port);
      if (holder === undefined || isDevelopmentServer(holder)) delete this.#chosen.ports[name];
    }
  }

  prove(names: PortName[]): void {
    const unproven = names
      .map((name) => this.#chosen.ports[name])
      .filter((chosen) => chosen?.proven === false);
    if (unproven.length === 0) return; // a server that is back on a full disk has nothing to say
    for (const chosen of unproven) if (chosen !== undefined) chosen.proven = true;
    this.#save();
  }

  #save(): void {
    writeChosen(this.stateFolder, this.#chosen);
  }

  port(name: PortName): number {
    const chosen = this.#chosen.ports[name];
    if (chosen === undefined) throw new Error(`no port chosen for ${name}`);
    return chosen.port;
  }

  get databaseFolder(): string {
    return this.#chosen.databaseFolder;
  }

  get databasePassword(): string {
    return this.#chosen.databasePassword;
  }

  databaseUrl(name = 'sevenfold'): string {
    return `postgresql://${databaseUser}:${this.databasePassword}@127.0.0.1:${this.port('postgres')}/${name}`;
  }

  get temporalAddress(): string {
    return `127.0.0.1:${this.port('temporal')}`;
  }

  get temporalUi(): string {
    return `http://127.0.0.1:${this.port('temporalUi')}`;
  }

  get sparkSocket(): string {
    return path.join(socketFolder(this.stateFolder), 'keeper.sock');
  }
}

/**
 * The numbers of a file that was written for another folder. A copy leaves them to the original; a folder that was moved
 * keeps them, but they are no more than a wish until its own servers were seen on them.
 */
function portsBroughtAlong({ ports }: Chosen, from: string): Chosen['ports'] {
  if (existsSync(addressesFile(from))) return {};
  return Object.fromEntries(Object.entries(ports).map(([name, { port }]) => [name, { port, proven: false }]));
}

/** Temporal's, as any checkout starts it. */
function isDevelopmentServer(pid: number): boolean {
  return commandOf(pid)?.includes('server start-dev') ?? false;
}
