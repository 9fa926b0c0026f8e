/** What tests read on a page of a run. */
import assert from 'node:assert/strict';

/** What a reader sees: no tags, one blank between words. */
export function textOf(page: string): string {
  return page
    .slice(page.indexOf('<body'))
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/[\s\u202f]+/g, ' ')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll(/ ([,;:.)])/g, '$1');
}

/** Values by the name that a figure has on the page; of a figure with keys, those of `key`. */
export function figureOn(page: string, name: string, key?: string): string | undefined {
  const tags = [
    ...page.matchAll(/<span\s+data-figure="([^"]*)"(?:\s+data-key="([^"]*)")?\s+data-value="([^"]*)"/g),
  ];
  return tags.find((tag) => tag[1] === name && (key === undefined || tag[2] === key))?.[3];
}

/** The values of the table with this label, by row and by name of figure. */
export function tableOn(page: string, label: string): Map<string, Map<string, string>> {
  const start = page.indexOf(`aria-label="${label}"`);
  assert.ok(start >= 0, `no table "${label}"`);
  const markup = page.slice(start, page.indexOf('</table>', start));
  const names = [...markup.matchAll(/<th scope="col"[^>]*?(?:data-figure="([^"]*)")?>/g)].map(
    (head) => head[1],
  );
  return new Map(
    [...markup.matchAll(/<tr[^>]*data-key="([^"]*)"[^>]*>(.*?)<\/tr>/gs)].map(([, key, row]) => [
      key!,
      new Map(
        [...row!.matchAll(/<t[hd][^>]*?(?:data-value="([^"]*)")?>/g)].flatMap((cell, i) =>
          names[i] === undefined ? [] : [[names[i], cell[1] ?? ''] as const],
        ),
      ),
    ]),
  );
}

export const headings = (page: string) => [...page.matchAll(/<h2>(.*?)<\/h2>/g)].map((heading) => heading[1]);
