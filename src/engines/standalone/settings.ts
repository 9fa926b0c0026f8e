import * as values from '../../environment-values.ts';
import type { Environment } from '../../environment-values.ts';

export interface StandaloneSettings {
  /** `spark://host:port` */
  masterUrl: string | undefined;
  /** Where the master shows its state as JSON. */
  masterUi: string;
}

export function readStandaloneSettings(env: Environment): StandaloneSettings {
  const masterUrl = values.matching(
    env,
    'SPARK_MASTER_URL',
    /^spark:\/\/[^\s:,/]+:\d{1,5}(?:,[^\s:,/]+:\d{1,5})*$/,
    "a master's address such as spark://host:7077, several masters as spark://one:7077,two:7077",
  );
  const given = values.address(env, 'SPARK_MASTER_UI_URL');
  return { masterUrl, masterUi: given?.href.replace(/\/$/, '') ?? usualMasterUi(masterUrl) };
}

/**
 * Where a master shows its state. The page that is set belongs to the master that is set, or to any that a run names where
 * none is set. Any other master is asked on its own host.
 */
export function masterUiOf({ masterUrl, masterUi }: StandaloneSettings, master: string): string {
  const isSet = master === masterUrl || (masterUrl === undefined && masterUi !== usualMasterUi(undefined));
  return isSet ? masterUi : usualMasterUi(master);
}

/** The page that Spark gives a master by default. */
function usualMasterUi(masterUrl: string | undefined): string {
  const host = /^spark:\/\/([^:]+):/.exec(masterUrl ?? '')?.[1] ?? '127.0.0.1';
  return `http://${host}:8080`;
}
