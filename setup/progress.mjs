/**
 * One line a step: in a terminal it ticks while the step runs, in a pipe there is a line at its start, one at its end
 * and one every half minute between.
 */
export function createProgress(output = process.stderr) {
  const live = output.isTTY === true;
  const seconds = (from) => `${((Date.now() - from) / 1000).toFixed(1)} s`;

  /**
   * @param {string} title
   * @param {(note: (text: string) => void) => Promise<void>} work `note` says what is being done just now
   */
  return async function step(title, work) {
    const from = Date.now();
    let doing = 'preparing';
    const show = () => {
      if (live)
        output.write(`\r\x1b[K  ${title}: ${doing} … ${seconds(from)}`.slice(0, (output.columns ?? 80) + 4));
      else
        output.write(`  ${title}: ${doing}${Date.now() - from < 1000 ? '' : `, ${seconds(from)} so far`}\n`);
    };
    const note = (text) => {
      doing = text;
      show();
    };
    const ticking = setInterval(show, live ? 250 : 30_000);
    ticking.unref();
    try {
      await work(note);
      output.write(`${live ? '\r\x1b[K' : ''}  ${title}: ready after ${seconds(from)}\n`);
    } catch (error) {
      if (live) output.write('\r\x1b[K');
      throw error;
    } finally {
      clearInterval(ticking);
    }
  };
}
