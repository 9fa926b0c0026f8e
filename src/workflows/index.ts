export { auditForecasts } from './audit-forecasts.ts';
export { crossValidation } from './cross-validation.ts';
export { dailyPipeline } from './daily-pipeline.ts';
export { evaluatePools } from './evaluate-pools.ts';
export { forecastBackfill } from './forecast-backfill.ts';
export { importPrices } from './import-prices.ts';
export { sweepBatches } from './sweep-batches.ts';
export { trainForecastModels } from './train-forecast-models.ts';
