import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { readJson, writeJson } from './files.ts';
import { chooseDataFolder, serverUser, socketFolder } from './places.ts';
import { readRecords } from './ending.ts';
import { choosePort, commandOf, isFree, listenerOf } from './ports.ts';
import { isSame } from './processes.ts';
import { databaseUser } from './cluster.ts';

/** What a stack chose once and keeps for good, so that addresses survive every restart: `<state>/addresses.json`. */
export interface Chosen {
  databasePassword: string;
  databaseFolder: string;
  /** A port is kept for good from the moment its server was seen to listen on it. */
  ports: Partial<Record<PortName, { port: number; proven: boolean }>>;
}

export type PortName = 'postgres' | 'temporal' | 'temporalUi';

// Where people and the `temporal` command line look first; PostgreSQL's 5432 is left to the system's own server.
const preferredPorts: Partial<Record<PortName, number>> = { temporal: 7233, temporalUi: 8233 };

/** The addresses of one stack. Only its supervisor changes them. */
export class Addresses {
  readonly stateFolder: string;
  readonly #file: string;
  readonly #chosen: Chosen;

  private constructor(stateFolder: string, chosen: Chosen) {
    this.stateFolder = stateFolder;
    this.#file = addressesFile(stateFolder);
    this.#chosen = chosen;
  }

  /** Reads what was chosen and chooses what was not. */
  static async open(stateFolder: string): Promise<Addresses> {
    const chosen = readChosen(stateFolder) ?? {
      databasePassword: randomBytes(24).toString('hex'),
      databaseFolder: chooseDataFolder(stateFolder, 'postgres', serverUser()),
      ports: {},
    };
    const addresses = new Addresses(stateFolder, chosen);
    // While anything of ours runs, it stays where the rest of us looks for it.
    if (!readRecords(stateFolder).some(isSame)) await addresses.#leavePreferredToNeighbours();
    await addresses.choosePorts(['postgres', 'temporal', 'temporalUi']);
    return addresses;
  }

  /** Gives each port that was never used to anything a free number; the others keep theirs. */
  async choosePorts(names: PortName[]): Promise<void> {
    for (const name of names) {
      if (this.#chosen.ports[name]?.proven) continue;
      const port = await choosePort(preferredPorts[name], `${this.stateFolder}/${name}`);
      this.#chosen.ports[name] = { port, proven: false };
    }
    this.#save();
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
    for (const name of names) {
      const chosen = this.#chosen.ports[name];
      if (chosen !== undefined) chosen.proven = true;
    }
    this.#save();
  }

  #save(): void {
    writeJson(this.#file, this.#chosen);
  }

  port(name: PortName): number {
    const chosen = this.#chosen.ports[name];
    if (chosen === undefined) throw new Error(`no port chosen for ${name}`);
    return chosen.port;
  }

  /** Is the number for good, so that a stranger on it is an error and no reason to take another? */
  isProven(name: PortName): boolean {
    return this.#chosen.ports[name]?.proven ?? false;
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

/** Temporal's, as any checkout starts it. */
function isDevelopmentServer(pid: number): boolean {
  return commandOf(pid)?.includes('server start-dev') ?? false;
}

export function addressesFile(stateFolder: string): string {
  return path.join(stateFolder, 'addresses.json');
}

/** What the stack of a state folder chose; undefined before its first start. */
export function readChosen(stateFolder: string): Chosen | undefined {
  return readJson<Chosen>(addressesFile(stateFolder));
}
