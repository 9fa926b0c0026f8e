/** Daily runs go before backfills (5), in Temporal and in the queue of the local engine. */
export const dailyPriority = 1;
/** Nobody waits for an evaluation at night. */
export const evaluationPriority = 4;
export const backfillPriority = 5;
