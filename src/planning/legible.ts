/**
 * What somebody sent, fit to stand in a message: one line, bounded, and nothing in it that a terminal would obey or that
 * looks like something else than it is.
 */

/** A value is shown up to here: more of it does not help to see what is wrong. */
const mostCharacters = 80;

/** Control and format characters (bidirectional marks, zero widths), line and paragraph separators, halves of pairs. */
const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** One line: what cannot be seen is written as its number, `\u{202e}`. */
export function visible(text: string): string {
  return text.replace(unseen, (character) => {
    const short = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }[character];
    return short ?? `\\u{${character.codePointAt(0)!.toString(16)}}`;
  });
}

/** The same where tabs and line ends may stay. */
export function printable(text: string): string {
  return text.replaceAll('\r\n', '\n').replace(/[^\n\t]+/g, visible);
}

/** `visible`, clipped. */
export function legible(text: string, most = mostCharacters): string {
  // Cut before anything is replaced: the text may be as large as its sender liked.
  const points = Array.from(text.slice(0, 2 * most + 2));
  const clipped = text.length > 2 * most + 2 || points.length > most;
  const kept = clipped ? points.slice(0, most - 3) : points;
  const seen = visible(kept.join(''));
  return clipped ? `${seen}...` : seen;
}

/** Any value as JSON, clipped. Only as much of it is written as is shown, however large or deep it is. */
export function shown(value: unknown, most = mostCharacters): string {
  if (value === undefined) return 'missing';
  let text = '';
  const isFull = () => text.length > 2 * most + 2;
  write(value);
  return legible(text, most);

  function write(each: unknown): void {
    if (typeof each === 'string') text += quoted(each, most);
    else if (Array.isArray(each)) writeAll('[', ']', each.entries(), () => '');
    else if (typeof each === 'object' && each !== null)
      writeAll('{', '}', fieldsOf(each), (name) => `${quoted(String(name), most)}:`);
    else text += typeof each === 'function' || typeof each === 'symbol' ? typeof each : String(each);
  }

  function writeAll(
    opening: string,
    closing: string,
    items: Iterable<[string | number, unknown]>,
    before: (name: string | number) => string,
  ): void {
    text += opening;
    let isFirst = true;
    for (const [name, item] of items) {
      if (isFull()) return;
      text += `${isFirst ? '' : ','}${before(name)}`;
      isFirst = false;
      write(item);
    }
    text += closing;
  }
}

function quoted(text: string, most: number): string {
  const begun = text.slice(0, 2 * most + 2);
  return `"${begun.replace(/[\\"]/g, '\\$&')}"`;
}

/** One after the other: a list of the fields of an object of fifty megabytes would be as large again. */
function* fieldsOf(value: object): Generator<[string, unknown]> {
  for (const name in value) {
    if (Object.hasOwn(value, name)) yield [name, (value as Record<string, unknown>)[name]];
  }
}

/** Larger than this no request is: the widest data set's names come to a third. Temporal itself takes two megabytes. */
export const mostSent = 1_000_000;
/** Requests are nested three deep; at some thousand levels the stack of whatever walks over them ends. */
const deepest = 32;
const tooLarge = `is larger than ${mostSent} characters`;

/** Why a value is too much to be looked at any further, as the end of a sentence; undefined where it is not. */
export function excess(value: unknown): string | undefined {
  let size = 0;
  const left: { value: unknown; depth: number }[] = [{ value, depth: 0 }];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    size += typeof next.value === 'string' ? next.value.length : 1;
    if (typeof next.value === 'object' && next.value !== null) {
      if (next.depth >= deepest) return `is nested deeper than ${deepest} levels`;
      // A list's length is known; walking over it would first make a list of its indexes.
      if (Array.isArray(next.value)) size += next.value.length;
      if (size + left.length > mostSent) return tooLarge;
      for (const [name, item] of fieldsOf(next.value)) {
        size += name.length;
        if (size + left.length > mostSent) break;
        left.push({ value: item, depth: next.depth + 1 });
      }
    }
    if (size + left.length > mostSent) return tooLarge;
  }
  return undefined;
}
