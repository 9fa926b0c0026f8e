import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApplicationFailure, NamespaceNotFoundError } from '@temporalio/common';
import pg from 'pg';
import { describeFailure, exitCodeOf } from '../../src/commands/failures.ts';
import { openDatabase } from '../../src/database/pool.ts';
import { Failure } from '../../src/failures.ts';
import { listRuns } from '../../src/ledger/runs.ts';
import { emptyDatabase } from '../support/postgres.ts';

/** What went wrong, wrapped as libraries wrap it. */
const wrapped = (cause: Error) => new Error('it did not work', { cause });
const coded = (message: string, code: string | number, more: object = {}) =>
  Object.assign(new Error(message), { code, ...more });

for (const [what, error, message] of [
  ['a missing column', coded('column "engine" does not exist', '42703'), /engine.*migrate/],
  [
    'rights that are missing',
    coded('permission denied for table runs', '42501'),
    /permission denied.*owns the tables/,
  ],
  ['a standby', coded('cannot execute INSERT in a read-only transaction', '25006'), /standby/],
  ['a server without TLS', new Error('The server does not support SSL connections'), /takes no TLS.*sslmode/],
  [
    'a certificate of nobody',
    coded('self-signed certificate', 'DEPTH_ZERO_SELF_SIGNED_CERT'),
    /self-signed.*NODE_EXTRA_CA_CERTS/,
  ],
  [
    'a wrong password',
    coded('password authentication failed for user "me"', '28P01'),
    /password.*DATABASE_URL/,
  ],
  [
    'a namespace that is not there',
    new NamespaceNotFoundError('nowhere'),
    /no namespace "nowhere".*TEMPORAL_NAMESPACE/,
  ],
  [
    'a namespace that is not there, said otherwise',
    coded('5', 5, { details: 'Namespace nowhere is not found.' }),
    /Namespace nowhere is not found\./,
  ],
  [
    'a key that is refused',
    coded('16', 16, { details: 'invalid API key' }),
    /refuses this key.*invalid API key/,
  ],
  ['rights of Temporal', coded('7', 7, { details: 'Request unauthorized.' }), /refuses these rights/],
  [
    'an input that a workflow refuses',
    ApplicationFailure.nonRetryable('date is missing.', 'InvalidInput'),
    /^date is missing\.$/,
  ],
  ['a failure of ours', new Failure('InvalidInput', 'no such day'), /^no such day$/],
] as [string, Error, RegExp][]) {
  test(`${what} is expected: one line with what to do, and exit code 2`, () => {
    for (const error_ of [error, wrapped(error)]) {
      const described = describeFailure(error_);
      assert.deepEqual([described.type, described.expected], ['InvalidInput', true]);
      assert.match(described.message, message);
      assert.doesNotMatch(described.message, /\n/);
      assert.equal(exitCodeOf(error_), 2);
    }
  });
}

test('a database without our tables is reported as one, not as something unexpected', async (t) => {
  const database = openDatabase(await emptyDatabase(t), 'test', 1);
  t.after(() => database.end());
  const error: unknown = await listRuns(database, 1).catch((error: unknown) => error);
  assert.ok(error instanceof pg.DatabaseError);
  const { message, expected } = describeFailure(error);
  assert.match(message, /relation "runs" does not exist.*npx sevenfold up.*launch\.mjs migrate/);
  assert.ok(expected);
});

test('a message is one line and moves no cursor, whatever a name in it holds', () => {
  for (const name of ['\u001b[2Jx', 'right\u202eleft', 'two\nlines']) {
    for (const error of [
      new Failure('InvalidInput', `No "${name}".\n  None.`),
      coded(`no ${name}`, 'ECONNREFUSED'),
    ]) {
      assert.doesNotMatch(describeFailure(error).message, /[\p{Cc}\p{Cf}]/u);
    }
  }
});

test('what nobody expected stays unexpected', () => {
  assert.deepEqual(describeFailure(new TypeError('x is not a function')), {
    type: 'JobFailed',
    message: 'x is not a function',
    expected: false,
  });
  assert.match(
    describeFailure(coded('connect ECONNREFUSED 127.0.0.1:1', 'ECONNREFUSED')).message,
    /DATABASE_URL/,
  );
});
