/** What is no number stays as it is, so that the guard shows it. */
export function numberOf(text: string | undefined): number | string | undefined {
  return text === undefined || text.trim() === '' || Number.isNaN(Number(text)) ? text : Number(text);
}

/** Names that were given one by one, with commas, or both. */
export function namesOf(given: readonly string[]): string[] {
  return given.flatMap((names) => names.split(',')).filter((name) => name !== '');
}
