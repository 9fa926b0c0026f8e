export { planTrainingBatch } from './batches.ts';
export { layOutTrainingFits, openTraining } from './opening.ts';
