/** The phases of runs of forecasts that are done in chunks. */
export type ForecastUnit = 'train' | 'infer' | 'audit';

/** The jobs on prices that are one batch of their phase. */
export type PriceJob = 'price_import' | 'forecast_evaluate';
