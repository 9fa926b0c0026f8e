export { dailyPipeline } from './daily-pipeline.ts';
export { evaluatePools } from './evaluate-pools.ts';
