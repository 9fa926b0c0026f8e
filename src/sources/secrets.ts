/** Keys that go with requests: they are shown and stored nowhere. */
import type { Answer } from './answers.ts';
import type { Call } from './client.ts';

const secretParameters = /^(api_?key|apikey|key|token)$/i;
const secretHeaders = /key|authorization/i;
/** A shorter text would hide half of what a provider says. */
const leastKey = 4;

/** An address as it may be shown and stored. */
export function shownUrl(url: URL): string {
  const shown = new URL(url);
  shown.username = '';
  shown.password = '';
  for (const name of [...shown.searchParams.keys()]) {
    if (secretParameters.test(name)) shown.searchParams.delete(name);
  }
  return decodeURIComponent(shown.href);
}

/** An answer that repeats the key it was asked with, without it. */
export function withoutKeys(answer: Answer, { url, headers }: Call): Answer {
  const given = [...url.searchParams].filter(([name]) => secretParameters.test(name));
  const sent = Object.entries(headers ?? {}).filter(([name]) => secretHeaders.test(name));
  const keys = [...given, ...sent].map(([, value]) => value).filter(({ length }) => length >= leastKey);
  if (keys.length === 0) return answer;
  const text = keys.reduce((shown, key) => shown.replaceAll(key, '***'), answer.body.toString('utf8'));
  return { ...answer, body: Buffer.from(text) };
}
