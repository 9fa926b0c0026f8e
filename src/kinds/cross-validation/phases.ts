/** The phases of a cross-validation in their order; `fit` stands for many. */
export const cvPhases = ['folds', 'fit', 'select', 'refit', 'report'] as const;
export type CvPhase = (typeof cvPhases)[number];

/** The jobs of a cross-validation that are one batch of their phase. */
export type CvJob = 'cv_prepare' | 'cv_refit';
