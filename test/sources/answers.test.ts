import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeAnswer, retryAfterMs, rpcTrouble } from '../../src/sources/answers.ts';
import type { Answer, Expected } from '../../src/sources/answers.ts';
import { shownUrl, withoutKeys } from '../../src/sources/secrets.ts';

const now = Date.parse('2026-11-20T00:20:00Z');
const expected: Expected = {
  type: 'json',
  shape: (body) => (Array.isArray((body as { data?: unknown }).data) ? undefined : 'no data'),
};

function answer(status: number, body: string, more: Partial<Answer> = {}): Answer {
  return {
    ...{ status, contentType: 'application/json', body: Buffer.from(body), retryAfter: null, date: null },
    ...more,
  };
}

for (const [what, given, then, words] of [
  ['a whole body counts', answer(200, '{"data":[]}'), undefined, undefined],
  ['429 pauses the host', answer(429, 'slow down'), 'pause', /HTTP 429 .*slow down/],
  ['418 as well', answer(418, ''), 'pause', /HTTP 418/],
  ['500 may pass', answer(500, 'oops'), 'again', /HTTP 500/],
  ['408 may pass', answer(408, ''), 'again', /HTTP 408/],
  ['404 stays', answer(404, ''), 'final', /HTTP 404/],
  ['410 stays', answer(410, 'gone'), 'final', /HTTP 410/],
  ['451 stays', answer(451, 'not in your country'), 'final', /HTTP 451/],
  ['400 stays', answer(400, '"invalid configID!"'), 'final', /invalid configID/],
  ['a redirect is not followed', answer(302, ''), 'final', /HTTP 302/],
  [
    'a redirect says where it sends to',
    answer(301, '', { movedTo: 'https://new.example/pools' }),
    'final',
    /HTTP 301 .*it sends to https:\/\/new\.example\/pools$/,
  ],
  ['503 with a pause pauses the host', answer(503, '', { retryAfter: '30' }), 'pause', /HTTP 503/],
  ['503 without one may pass', answer(503, '', { retryAfter: 'soon' }), 'again', /HTTP 503/],
  [
    'what is not UTF-8, and could never be read again',
    answer(200, '', { body: Buffer.from('{"data":["caf\xe9"]}', 'latin1') }),
    'again',
    /not UTF-8/,
  ],
  ['403 says who is refused', answer(403, 'error code: 1010'), 'final', /the key or this address is refused/],
  ['401 too', answer(401, ''), 'final', /refused/],
  ['an empty body', answer(200, ' '), 'again', /empty body/],
  [
    'a page in place of JSON is quoted',
    answer(200, '<html>Maintenance</html>', { contentType: 'text/html; charset=utf-8' }),
    'again',
    /a page instead of JSON: HTTP 200 text\/html "<html>Maintenance/,
  ],
  ['a body that ends in the middle', answer(200, '{"data":[1,2'), 'again', /not whole JSON/],
  ['another shape', answer(200, '{"rows":[]}'), 'again', /no data: HTTP 200/],
] as const) {
  test(what, () => {
    const trouble = judgeAnswer(given, expected, now);
    assert.equal(trouble?.then, then);
    if (words !== undefined) assert.match(trouble!.problem, words);
    assert.doesNotMatch(trouble?.problem ?? '', /\n/);
  });
}

test('a quoted body is cut to 200 characters', () => {
  const trouble = judgeAnswer(answer(500, 'x'.repeat(10_000)), expected, now);
  assert.ok(trouble!.problem.length < 260, trouble!.problem);
});

test('Retry-After is seconds or a date, and is not believed for ever', () => {
  assert.equal(retryAfterMs('4', now), 4_000);
  assert.equal(retryAfterMs('Fri, 20 Nov 2026 00:20:30 GMT', now), 30_000);
  assert.equal(retryAfterMs('Thu, 19 Nov 2026 00:00:00 GMT', now), 0);
  assert.equal(retryAfterMs('999999', now), 3_600_000);
  for (const odd of ['soon', '-5', '', ' ', '60 seconds', '5, 10', '1e3', '2026-11-20'])
    assert.equal(retryAfterMs(odd, now), undefined, odd);
  // The other two forms of HTTP; the last names no zone and means GMT wherever this machine stands.
  assert.equal(retryAfterMs('Friday, 20-Nov-26 00:20:30 GMT', now), 30_000);
  assert.equal(retryAfterMs('Fri Nov 20 00:20:30 2026', now), 30_000);
  assert.equal(retryAfterMs(null, now), undefined);
});

test('what a provider says is one line without anything unseen', () => {
  const refusal = () => ({ then: 'again' as const, problem: 'error 1 in a 200: a\u0000b\nc\u202e' });
  const trouble = judgeAnswer(answer(200, '{}'), { ...expected, refusal }, now);
  assert.equal(trouble!.problem, 'error 1 in a 200: a\\u{0}b\\nc\\u{202e}');
});

test('a key is shown nowhere, wherever a provider takes it', () => {
  const key = '0123abcd0123abcd';
  for (const [url, shown] of [
    [`https://node.example/v3/${key}`, 'https://node.example/v3/***'],
    [`https://node.example/rpc?network=ethereum&dkey=${key}`, 'https://node.example/rpc?network=ethereum'],
    [`https://ann:${key}@node.example/`, 'https://node.example/'],
    ['https://x.example/chart/747c1d2a-c668-4682-b9f9-296708a3dd90', undefined],
    ['https://x.example/chart/ethereum:0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48?span=49', undefined],
    ['https://x.example/%zz', undefined],
  ] as const)
    assert.equal(shownUrl(new URL(url)), shown ?? url);
  const call = { url: new URL(`https://node.example/v3/${key}`), method: 'POST' as const };
  assert.equal(
    withoutKeys(answer(404, `Cannot POST /v3/${key}`), call).body.toString(),
    'Cannot POST /v3/***',
  );
  const odd = { url: new URL('https://x.example/?apikey=a%2Bb%2Fc%3D'), method: 'GET' as const };
  assert.equal(withoutKeys(answer(400, 'a+b/c= a%2Bb%2Fc%3D'), odd).body.toString(), '*** ***');
});

test('what a node refuses in a 200 is classified by its code', () => {
  const refused = (code: number) => ({ jsonrpc: '2.0', id: 1, error: { code, message: 'limit exceeded' } });
  assert.equal(rpcTrouble(refused(-32005))?.then, 'pause');
  assert.equal(rpcTrouble([refused(-32602)])?.then, 'again');
  assert.equal(rpcTrouble([refused(-32005), { id: 2, result: {} }]), undefined);
});
