export { dailyPipeline } from './daily-pipeline.ts';
