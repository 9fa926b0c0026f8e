import { writeSync } from 'node:fs';

/** As the shell has it for a program that SIGPIPE ended: what it was to show was not all seen, so it is no success. */
const readerGone = 141;

/** What a guard needs of a stream. */
type Guarded = Pick<NodeJS.WriteStream, 'on' | 'write'>;

/**
 * One guard for all that commands write. A reader that has gone away (`| head -5`) ends the command without a word; a
 * stream that cannot be written, of a full disk for example, ends it with one line and a failure. What it started goes on.
 */
export function guardStreams(
  { stdout, stderr }: { stdout: Guarded; stderr: Guarded } = process,
  exit: (code: number) => void = (code) => process.exit(code),
): void {
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') return exit(readerGone);
    complain(
      `Standard output cannot be written (${error.code ?? error.message}): make room, or write elsewhere.`,
    );
    exit(1);
  });
  // Whoever does not want to hear what is wrong still gets the exit code.
  stderr.on('error', () => {});
}

/** Past the stream: the process ends before a stream would have written it. */
function complain(line: string): void {
  try {
    writeSync(2, `${line}\n`);
  } catch {
    // nobody is left to tell
  }
}

/** Waits until all that was written has arrived, or is known not to: an exit before would hide what the guard would see. */
export async function flushed({
  stdout,
  stderr,
}: { stdout: Guarded; stderr: Guarded } = process): Promise<void> {
  await Promise.all(
    [stdout, stderr].map((stream) => new Promise<void>((done) => stream.write('', () => done()))),
  );
  // An error is reported one turn after the write that met it.
  await new Promise((done) => setImmediate(done));
}
