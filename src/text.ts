/** Text from outside (a file's bytes, a library's message) on its way into the ledger: PostgreSQL refuses a zero byte. */

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
