/** Keys that go with requests: they are shown and stored nowhere. */
import type { Answer } from './answers.ts';

const secretParameters = /key|token|secret|auth|passw/i;
const secretHeaders = /key|authorization/i;
/** A shorter text would hide half of what a provider says. */
const leastKey = 4;

/** Some providers take the key as a step of the path: `/v3/0123…`. Ids of pools and addresses of tokens are none. */
function isSecretStep(step: string, before: string | undefined): boolean {
  const isKeyLike = /^[\w-]{16,}$/.test(step) && /\d/.test(step) && /[a-z]/i.test(step);
  return isKeyLike && before !== 'chart';
}

/** What of an address is a key. */
function secretsIn({ pathname, searchParams }: URL): string[] {
  const steps = pathname.split('/');
  return [
    ...steps.filter((step, i) => isSecretStep(step, steps[i - 1])),
    ...[...searchParams].filter(([name]) => secretParameters.test(name)).map(([, value]) => value),
  ];
}

/** An address as it may be shown and stored. */
export function shownUrl(url: URL): string {
  const shown = new URL(url);
  shown.username = '';
  shown.password = '';
  const steps = shown.pathname.split('/');
  shown.pathname = steps.map((step, i) => (isSecretStep(step, steps[i - 1]) ? '***' : step)).join('/');
  for (const name of [...shown.searchParams.keys()]) {
    if (secretParameters.test(name)) shown.searchParams.delete(name);
  }
  try {
    return decodeURIComponent(shown.href);
  } catch {
    return shown.href;
  }
}

/** An answer that repeats the key it was asked with, without it. */
export function withoutKeys(
  answer: Answer,
  { url, headers }: { url: URL; headers?: Record<string, string> },
): Answer {
  const sent = Object.entries(headers ?? {}).filter(([name]) => secretHeaders.test(name));
  const keys = [...secretsIn(url), ...sent.map(([, value]) => value)]
    .flatMap((key) => [key, encodeURIComponent(key)])
    .filter(({ length }) => length >= leastKey);
  if (keys.length === 0) return answer;
  const text = keys.reduce((shown, key) => shown.replaceAll(key, '***'), answer.body.toString('utf8'));
  return { ...answer, body: Buffer.from(text) };
}
