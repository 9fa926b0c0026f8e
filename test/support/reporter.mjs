/** For test/run.mjs: a JSON line a finished test, besides what people read. */
export default async function* report(events) {
  for await (const { type, data } of events) {
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    const cause = data.details.error?.failureType;
    // What holds tests is not one, unless something of its own went wrong (a hook, a file that cannot be loaded).
    if (cause === 'subtestsFailed' || (type === 'test:pass' && data.details.type === 'suite')) continue;
    const result = type === 'test:fail' ? 'failed' : data.skip || data.todo ? 'skipped' : 'passed';
    const name = data.name === data.file ? 'the file was not run to its end' : data.name;
    const seconds = data.details.duration_ms / 1000;
    const { file, line, column } = data;
    yield `${JSON.stringify({ result, name, file, line, column, seconds })}\n`;
  }
}
