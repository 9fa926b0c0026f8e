/** The phases of a training in their order; `fit` stands for many. */
export const trainingPhases = [
  'profile',
  'split',
  'fit',
  'select',
  'refit',
  'evaluate',
  'explain',
  'report',
] as const;
export type TrainingPhase = (typeof trainingPhases)[number];

/** The phases that are one batch, by its job. */
export const trainingJobs = {
  profile: 'training_profile',
  split: 'training_split',
  select: 'training_select',
  refit: 'training_refit',
  evaluate: 'training_evaluate',
  explain: 'training_explain',
} as const;
export type TrainingBatchPhase = keyof typeof trainingJobs;
