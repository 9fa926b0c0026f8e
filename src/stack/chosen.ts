import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { realFolder } from '../../setup/places.mjs';
import { Failure } from '../failures.ts';
import { readJson, writeJson } from './files.ts';
import { chooseDataFolder, isInside, isOwnOutside, outsideFolders, serverUser } from './places.ts';

export type PortName = 'postgres' | 'temporal' | 'temporalUi';

/** A port is kept for good from the moment its server was seen to listen on it. */
export type ChosenPorts = Partial<Record<PortName, { port: number; proven: boolean }>>;

/** What a stack chose once and keeps for good, so that addresses survive every restart: `<state>/addresses.json`. */
export interface Chosen {
  databasePassword: string;
  /** Absolute. In the file it is relative to the state folder where it lies in it. */
  databaseFolder: string;
  ports: ChosenPorts;
  /** The state folder that the file was written for, where that is not this one: it was copied, restored or moved. */
  from: string | undefined;
  /** Where the data lay, when they are neither there for this state folder nor in it. */
  lost: string | undefined;
}

interface Stored {
  /** Missing in files of older versions, which named all folders by their absolute paths. */
  stateFolder?: string;
  databasePassword: string;
  databaseFolder: string;
  ports: ChosenPorts;
}

const dataFolder = 'postgres';

export function addressesFile(stateFolder: string): string {
  return path.join(stateFolder, 'addresses.json');
}

/** What the stack of a state folder chose; undefined before its first start. */
export function readChosen(stateFolder: string): Chosen | undefined {
  const stored = readJson<Stored>(addressesFile(stateFolder));
  if (stored === undefined) return undefined;
  const here = realFolder(stateFolder);
  const writtenFor = stored.stateFolder ?? folderBefore(stored.databaseFolder, here);
  const { folder, lost } = findData(stored, here);
  return {
    databasePassword: stored.databasePassword,
    databaseFolder: folder,
    ports: stored.ports,
    from: writtenFor === here ? undefined : writtenFor,
    lost,
  };
}

export function writeChosen(stateFolder: string, chosen: Chosen): void {
  const { databasePassword, databaseFolder, ports } = chosen;
  const here = realFolder(stateFolder);
  const stored: Stored = {
    stateFolder: here,
    databasePassword,
    databaseFolder: isInside(databaseFolder, here) ? path.relative(here, databaseFolder) : databaseFolder,
    ports,
  };
  writeJson(addressesFile(stateFolder), stored);
}

/** Throws where a start would make an empty database in the place of one that was there. */
export function refuseLostData(stateFolder: string): void {
  const chosen = readChosen(stateFolder);
  if (chosen?.lost === undefined) return;
  const { lost } = chosen;
  const target = chooseDataFolder(stateFolder, dataFolder, serverUser());
  const where = existsSync(lost)
    ? `lie in ${lost}, which is not this state folder's: with its stack down, cp -a '${lost}' '${target}'`
    : `lay in ${lost} and are gone: restore them to ${target}`;
  throw new Failure(
    'InvalidInput',
    `the data of ${stateFolder} ${where}; or start empty: npx sevenfold down --wipe`,
  );
}

/** What an older version's file was written for: the parent of its data folder, unless that lies outside on purpose. */
function folderBefore(databaseFolder: string, here: string): string {
  if (isInside(databaseFolder, here) || isOwnOutside(databaseFolder, here)) return here;
  return path.dirname(databaseFolder);
}

/**
 * The data come along with a state folder that is copied or moved, so they are looked for in it before anything else. A
 * folder elsewhere counts only where it carries this state folder's name.
 */
function findData(
  { databaseFolder, ports }: Stored,
  here: string,
): { folder: string; lost: string | undefined } {
  const written = path.resolve(here, databaseFolder);
  const inside = path.join(here, dataFolder);
  const candidates = [
    ...(isInside(written, here) || isOwnOutside(written, here) ? [written] : []),
    inside,
    ...outsideFolders(here, dataFolder),
  ];
  const found = candidates.find(isCluster);
  if (found !== undefined) return { folder: found, lost: undefined };
  // A port is proven by a server that had data.
  const hadData = ports.postgres?.proven === true;
  return { folder: inside, lost: hadData ? written : undefined };
}

function isCluster(folder: string): boolean {
  try {
    statSync(path.join(folder, 'PG_VERSION'));
    return true;
  } catch (error) {
    // Closed to us, it is some other account's to look into: it is there.
    return (error as NodeJS.ErrnoException).code === 'EACCES';
  }
}
