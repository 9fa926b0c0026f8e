/** The activities that a kind has for itself; src/activities has those that all share. A kind adds its line. */
export * from './backfill/activities.ts';
export * from './cross-validation/activities.ts';
export * from './daily/activities.ts';
export * from './prices/activities.ts';
export * from './scoring/activities.ts';
export * from './training/activities.ts';
