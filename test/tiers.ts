import { killCases, titleOf } from './chaos/cases.ts';
import type { KillCase, Pipeline } from './chaos/cases.ts';

/**
 * What `npm test` leaves to `npm run test:all`: the products of everything with everything. They are cut into slices, one of
 * which each run of .ci/run takes: six commits in a row run them all.
 */
export const slices = 6;

/** Files that start clusters, services and stacks beside each other to compare what they make of the same run. */
const wholeFiles = [
  'test/chaos/standalone.test.ts',
  'test/kinds/cross-validation/cluster.test.ts',
  'test/kinds/training/cluster.test.ts',
  'test/kinds/training/distributed.test.ts',
  'test/engines/contract-made-in-a-test.test.ts',
  'test/engines/remote-runs.test.ts',
  'test/engines/same-bytes.test.ts',
  'test/commands/onchain.test.ts',
];

/** Files about a size, an order of rows or a sequence of kills of which a smaller part runs each time. */
const largeFiles = [
  'test/commands/live-charts.test.ts',
  'test/commands/same-days.test.ts',
  'test/kinds/backfill/many-dates.test.ts',
  'test/kinds/training/kills.test.ts',
];

/**
 * Single tests of Python: a minute of a core to fit what the other models show in seconds, a JVM to read what others read, the
 * second and third member of a family whose first runs each time. A name without its parameters stands for all of them.
 */
const slowInPython = Object.entries({
  'forecast/test_reference_figures.py': ['test_figures_are_within_one_percent_of_the_reference[sarimax]'],
  'pool_evaluate/test_evaluate_job.py': ['test_a_walk_by_samples_says_what_the_day_says'],
  'pool_forecast/test_forecast_job.py': [
    'test_models_of_finished_blocks_are_fitted_once_and_change_no_byte',
    'test_more_pools_than_a_fit_takes_rows_are_forecast_by_models',
  ],
  'pool_metrics/test_increment.py': ['test_increments_equal_the_whole_after_random_changes[2]'],
  'sinks/test_delta_kills.py': ['test_a_stopped_writer_that_goes_on_after_its_successor_changes_nothing'],
  'sinks/test_delta_readers.py': ['test_spark_by_delta_spark'],
  'training/test_distributed_jobs.py': ['test_three_classes_and_a_number_go_all_the_way'],
  'training/test_small_data_sets.py': ['digits', 'breast_cancer', 'wine', 'diabetes'].map(
    (name) => `test_the_chosen_model_is_as_good_as_what_people_try_first[${name}]`,
  ),
  'training/test_training_oracles.py': ['dear-more2', 'price-more1'].map(
    (name) => `test_the_order_of_the_rows_changes_neither_model_nor_figures[${name}]`,
  ),
  'training/test_training_score.py': ['lightgbm', 'random_forest', 'xgboost'].map(
    (name) => `test_one_chunk_or_a_hundred_give_the_same_bytes[${name}]`,
  ),
}).flatMap(([file, titles]) => titles.map((title) => ({ file: `spark/tests/${file}`, title })));

const fileOf: Record<Pipeline, string> = {
  fetching: 'test/kinds/daily/live-kills.test.ts',
  metrics: 'test/chaos/named-points.test.ts',
  'second half': 'test/chaos/second-half.test.ts',
  backfill: 'test/chaos/backfill.test.ts',
  'cross-validation': 'test/chaos/cv.test.ts',
  training: 'test/chaos/training.test.ts',
};

export interface RestItem {
  file: string;
  /** A single test of the file; without it, all of them. */
  title?: string;
  slice: number;
}

/** Everything that `npm test` does not run, in the slice that does. */
export const rest: readonly RestItem[] = [
  ...[...wholeFiles, ...largeFiles].map((file) => ({ file })),
  ...slowInPython,
  ...killCases
    .filter(({ core }) => !core)
    .map((each) => ({ file: fileOf[each.pipeline], title: titleOf(each) })),
].map((item, index) => ({ ...item, slice: index % slices }));

/** Which of the rest this run takes: none, all, or a slice. Set by test/run.mjs. */
export function takenOfRest(item: Pick<RestItem, 'slice'>): boolean {
  const asked = process.env['SEVENFOLD_TEST_REST'];
  return asked === 'all' || asked === String(item.slice);
}

/** The kills of a pipeline that this run carries out. */
export function killsOf(pipeline: Pipeline): KillCase[] {
  const taken = new Set(rest.filter(takenOfRest).map(({ file, title }) => `${file} ${title}`));
  return killCases.filter(
    (each) => each.pipeline === pipeline && (each.core || taken.has(`${fileOf[pipeline]} ${titleOf(each)}`)),
  );
}
