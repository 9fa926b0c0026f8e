import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeAnswer, retryAfterMs, rpcTrouble } from '../../src/sources/answers.ts';
import type { Answer, Expected } from '../../src/sources/answers.ts';

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
  assert.equal(retryAfterMs('soon', now), undefined);
  assert.equal(retryAfterMs(null, now), undefined);
});

test('what a node refuses in a 200 is classified by its code', () => {
  const refused = (code: number) => ({ jsonrpc: '2.0', id: 1, error: { code, message: 'limit exceeded' } });
  assert.equal(rpcTrouble(refused(-32005))?.then, 'pause');
  assert.equal(rpcTrouble([refused(-32602)])?.then, 'again');
  assert.equal(rpcTrouble([refused(-32005), { id: 2, result: {} }]), undefined);
});
