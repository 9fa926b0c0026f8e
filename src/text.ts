/**
 * Text from outside (a file's bytes, a library's message) on its way to a person or the ledger. A zero byte in it is
 * refused by PostgreSQL, an escape sequence changes a terminal: both are shown instead of sent.
 */

// Everything below a blank but tab and line feed, DEL, and the C1 block, which terminals obey too.
const control = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/** The same text with control characters shown (`\x00`) and halves of surrogate pairs replaced. */
export function printable(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .replace(control, (found) => `\\x${found.charCodeAt(0).toString(16).padStart(2, '0')}`)
    .replace(/\p{Surrogate}/gu, '\ufffd');
}

const half = /\\\\|\\u(0000|[dD][89a-fA-F][0-9a-fA-F]{2}(\\u[dD][c-fC-F][0-9a-fA-F]{2})?)/g;

/** JSON text that PostgreSQL's jsonb takes: it has no place for a zero byte or for half of a surrogate pair. */
export function storableJson(json: string): string {
  return json.replace(half, (escape, code: string | undefined, low: string | undefined) => {
    if (code === undefined || low !== undefined) return escape;
    if (code === '0000') return '\\u2400';
    return '\\ufffd';
  });
}

/** Text that PostgreSQL takes: a zero byte becomes its picture, `␀`. */
export function storableText(text: string): string {
  return text.includes('\u0000') ? text.replaceAll('\u0000', '\u2400') : text;
}
