import assert from 'node:assert/strict';
import { test } from 'node:test';
import { classify, Failure } from '../src/failures.ts';
import { printable } from '../src/planning/legible.ts';
import { storableJson } from '../src/text.ts';

test('control characters of a message are shown, so that it stays one line and changes no terminal', () => {
  assert.equal(printable('GOLDX\0 \x1b[31mred\x9b\x7f'), 'GOLDX\\u{0} \\u{1b}[31mred\\u{9b}\\u{7f}');
  assert.equal(printable('tab\tline\nétat 日本 😀'), 'tab\tline\nétat 日本 😀');
  assert.equal(printable(`half ${'😀'.slice(0, 1)}`), 'half \\u{d83d}');
  assert.equal(printable('right\u202eleft\r\nnext\rsame'), 'right\\u{202e}left\nnext\\rsame');
  assert.equal(new Failure('InvalidInput', 'a\0b').message, 'a\\u{0}b');
  assert.equal(classify(new Error('a\0b')).message, 'a\\u{0}b');
});

test('JSON keeps everything that jsonb takes, and only that is replaced which it refuses', () => {
  const value = { zero: 'a\0b', half: '\ud83d', pair: '😀', text: String.raw`a\u0000 in words`, slash: '\\' };
  assert.deepEqual(JSON.parse(storableJson(JSON.stringify(value))), {
    ...value,
    zero: 'a\u2400b',
    half: '\ufffd',
  });
});

test('what is wrong with a path that a person named is for that person to mend, not to be waited for', () => {
  const of = (code: string, more: object = {}) =>
    classify(Object.assign(new Error(code), { code, path: '/data/pools.csv', ...more }));
  for (const code of ['ENOENT', 'EACCES', 'EISDIR', 'EROFS', 'ELOOP', 'ENOTDIR', 'EPERM', 'ENAMETOOLONG']) {
    assert.equal(of(code).type, 'InvalidInput', code);
    assert.match(of(code).message, /^\/data\/pools\.csv .+\. Correct that, then start again\.$/);
  }
  assert.equal(of('ENOENT', { syscall: 'connect' }).type, 'Infrastructure', 'a server that is not up yet');
  assert.equal(of('ECONNREFUSED').type, 'Infrastructure');
  assert.equal(of('EIO').type, 'Infrastructure');
  assert.equal(of('ENOSPC').type, 'NoSpace');
});
