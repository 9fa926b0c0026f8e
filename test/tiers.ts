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

/** Single tests of Python: a minute of a core to fit what the other models show in seconds, a JVM to read what others read. */
const slowInPython = [
  {
    file: 'spark/tests/forecast/test_reference_figures.py',
    title: 'test_figures_are_within_one_percent_of_the_reference[sarimax]',
  },
  { file: 'spark/tests/sinks/test_delta_readers.py', title: 'test_spark_by_delta_spark' },
  {
    file: 'spark/tests/training/test_small_data_sets.py',
    title: 'test_the_chosen_model_is_as_good_as_what_people_try_first[digits]',
  },
];

const fileOf: Record<Pipeline, string> = {
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
  ...wholeFiles.map((file) => ({ file })),
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
