/** What the output of a program that failed says of the reason, in one line. */

const longest = 300;

const speaksOfError =
  /\b(error|fatal|panic|failed|failure|cannot|could not|unable|denied|refused|no such file)\b|(Error|Exception)\b/i;

/**
 * The first line that speaks of an error: what follows it are its consequences ("removing contents of data directory"),
 * frames of its stack, or the end of one ("... 3 more").
 */
export function firstError(text: string): string | undefined {
  return linesOf(text).find(isError)?.slice(0, longest);
}

/** The last one: for a program that had worked, and whose earlier errors it survived. */
export function lastError(text: string): string | undefined {
  return linesOf(text).findLast(isError)?.slice(0, longest);
}

/** The last line that is more than a frame of a stack. */
export function lastLine(text: string): string | undefined {
  return linesOf(text).at(-1)?.slice(0, longest);
}

/** A warning that something could not be done is no reason to end. */
function isError(line: string): boolean {
  return speaksOfError.test(line) && !/\b(WARN|WARNING|INFO|DEBUG)\b/.test(line.slice(0, 40));
}

function linesOf(text: string): string[] {
  const lines = text.split('\n').map((line) => line.replace(/\r$/, ''));
  const telling: string[] = [];
  let inTrace = false;
  for (const [index, line] of lines.entries()) {
    // Python prints the stack first: the reason comes after the indented lines.
    if (line.startsWith('Traceback (most recent call last)')) inTrace = true;
    else if (!/^\s/.test(line)) inTrace = false;
    const isFrame = /^\s*(at |\.\.\. \d+ more|Node\.js v|\^+\s*$|~*\^~*\s*$)/.test(line);
    // Node shows the code that threw, with a mark below it.
    const isMarkedCode = /^\s*\^+\s*$/.test(lines[index + 1] ?? '');
    const said = words(line.trim());
    if (!inTrace && !isFrame && !isMarkedCode && said !== '') telling.push(said);
  }
  return telling;
}

/** The message of a line of our own logs. */
function words(line: string): string {
  if (!line.startsWith('{')) return line;
  try {
    const { msg, err } = JSON.parse(line) as { msg?: string; err?: { message?: string } };
    return [msg, err?.message].filter(Boolean).join(': ') || line;
  } catch {
    return line;
  }
}
