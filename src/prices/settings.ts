import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { objectOf, readJson, refuse } from '../settings-files.ts';

/** How a model takes a covariate: as it is, or as the close less the covariate. */
export type CovariateUse = 'level' | 'spread';

export interface Covariate {
  /** Its name in `prices.covariates`. `peer_close` is made of the peer's closes where the source has no such column. */
  name: string;
  use: CovariateUse;
  /** The source's name of the column, where it is another one. */
  from?: string;
}

/** One price series: config/prices/<commodity>.json. */
export interface CommoditySettings {
  commodity: string;
  name: string;
  /** What prices and forecasts are in: "USD per barrel". */
  unit: string;
  /** The commodity whose close, carried forward, is the covariate `peer_close`. */
  peer?: string;
  /** In the order in which models take them. */
  covariates: Covariate[];
}

/** Settings of a model. Without covariates it takes all that the series was imported with, as levels. */
export interface ModelSettings {
  covariates?: Pick<Covariate, 'name' | 'use'>[];
}

const folder = 'config/prices';
const commodityName = /^[A-Z0-9][A-Z0-9_]{0,31}$/;
const columnName = /^[a-z][a-z0-9_]{0,62}$/;

/**
 * Reads and checks every file of config/prices, or what models need of one commodity; throws `InvalidInput` with file,
 * name, value and what is allowed.
 */
export function loadPriceSettings(checkout: string): CommoditySettings[];
export function loadPriceSettings(checkout: string, commodity: string): ModelSettings;
export function loadPriceSettings(checkout: string, commodity?: string): CommoditySettings[] | ModelSettings {
  const files = readdirSync(join(checkout, folder)).filter((file) => file.endsWith('.json'));
  const all = files.sort().map((file) => {
    const name = `${folder}/${file}`;
    const settings = readCommodity(name, readJson(checkout, name));
    const due = basename(file, '.json');
    if (settings.commodity !== due)
      refuse(name, 'commodity', settings.commodity, `"${due}", the name of its file`);
    return settings;
  });
  return commodity === undefined ? all : modelSettings(all.find((each) => each.commodity === commodity));
}

/** Where a column came from is the import's business alone. */
function modelSettings(settings: CommoditySettings | undefined): ModelSettings {
  return settings === undefined
    ? {}
    : { covariates: settings.covariates.map(({ name, use }) => ({ name, use })) };
}

/** Checks one file; `raw` is its parsed content. */
export function readCommodity(file: string, raw: unknown): CommoditySettings {
  const given = objectOf(file, raw, ['commodity', 'name', 'unit', 'peer', 'covariates']);
  const commodity = nameOf(file, 'commodity', given['commodity']);
  const peer = given['peer'] === undefined ? undefined : nameOf(file, 'peer', given['peer']);
  if (peer === commodity) refuse(file, 'peer', peer, 'another commodity');
  const list = given['covariates'];
  if (!Array.isArray(list)) refuse(file, 'covariates', list, 'a list');
  const covariates = (list as unknown[]).map((each, index) => readCovariate(file, each, index));
  const seen = new Set<string>();
  for (const { name } of covariates) {
    if (seen.has(name)) refuse(file, 'covariates', name, 'named once');
    seen.add(name);
  }
  return {
    commodity,
    name: textOf(file, 'name', given['name']),
    unit: textOf(file, 'unit', given['unit']),
    ...(peer !== undefined && { peer }),
    covariates,
  };
}

function readCovariate(file: string, raw: unknown, index: number): Covariate {
  const path = `covariates[${index}]`;
  const { name, use = 'level', from } = objectOf(file, raw, ['name', 'use', 'from'], path);
  if (typeof name !== 'string' || !columnName.test(name))
    refuse(file, `${path}.name`, name, 'a name of small letters, digits and _');
  if (use !== 'level' && use !== 'spread') refuse(file, `${path}.use`, use, '"level" or "spread"');
  return { name, use, ...(from !== undefined && { from: textOf(file, `${path}.from`, from) }) };
}

function nameOf(file: string, name: string, value: unknown): string {
  if (typeof value !== 'string' || !commodityName.test(value))
    refuse(file, name, value, 'a commodity: up to 32 capitals, digits and _, for example "WTI"');
  return value;
}

function textOf(file: string, name: string, value: unknown): string {
  if (typeof value !== 'string' || value.trim() !== value || value === '')
    refuse(file, name, value, 'text without blanks around it');
  return value;
}
