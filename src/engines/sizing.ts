import { planResources } from '../planning/executors.ts';
import type { Resources } from '../planning/executors.ts';
import type { BatchWork, EngineConfig } from './engine.ts';

/** Resources by the seed document's rule and the bounds of the installation; `memory` overrides the rule's. */
export function resourcesByRule(
  { size, models, memoryFactor }: BatchWork,
  { executors: { min, max, count } }: Pick<EngineConfig, 'executors'>,
  memory: { executorMemoryGb?: number | undefined; driverMemoryGb?: number | undefined } = {},
): Resources {
  return planResources({
    size,
    models,
    tuning: false,
    min,
    max,
    ...(count !== undefined && { count }),
    ...memory,
    memoryFactor,
  });
}
