import { readdirSync } from 'node:fs';
import path from 'node:path';
import type { Config } from '../../src/config.ts';
import type { Dataproc } from '../../src/engines/dataproc/index.ts';
import type { DataprocSettings } from '../../src/engines/dataproc/settings.ts';
import type { Standalone } from '../../src/engines/standalone/index.ts';
import type { StandaloneSettings } from '../../src/engines/standalone/settings.ts';

export function dataprocSettings({ engines }: Pick<Config, 'engines'>): DataprocSettings {
  return (engines['dataproc'] as Dataproc).settings;
}

export function standaloneSettings({ engines }: Pick<Config, 'engines'>): StandaloneSettings {
  return (engines['standalone'] as Standalone).settings;
}

/** The files that read variables of the environment: the configuration, and each engine's part of it. */
export function filesOfSettings(checkout: string): string[] {
  const engines = path.join(checkout, 'src', 'engines');
  const ofEngines = readdirSync(engines, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) =>
      readdirSync(path.join(engines, name)).map((file) => path.join(engines, name, file)),
    )
    .filter((file) => /\/(?:index|settings)\.ts$/.test(file));
  return [
    path.join(checkout, 'src', 'config.ts'),
    path.join(checkout, 'src', 'sources', 'settings.ts'),
    path.join(engines, 'mode.ts'),
    ...ofEngines,
  ];
}
