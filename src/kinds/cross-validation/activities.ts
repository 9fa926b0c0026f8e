export { planCvBatch } from './batches.ts';
export { openCrossValidation } from './opening.ts';
export { selectModel } from './select.ts';
