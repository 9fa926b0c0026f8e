import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectionFailure } from '../../src/database/migrate.ts';

const url = 'postgresql://jane:secret@db.internal:5432/fund';

for (const [error, type, says] of [
  [{ message: 'The server does not support SSL connections' }, 'InvalidInput', /no TLS.*sslmode.*PGSSLMODE/],
  [
    { code: 'SELF_SIGNED_CERT_IN_CHAIN', message: 'self-signed certificate in certificate chain' },
    'InvalidInput',
    /certificate is not trusted.*NODE_EXTRA_CA_CERTS/,
  ],
  [
    { message: 'SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string' },
    'InvalidInput',
    /asks for a password/,
  ],
  [{ code: '53300', message: 'sorry, too many clients already' }, 'Infrastructure', /no connection left/],
  [{ code: '57P03', message: 'the database system is starting up' }, 'Infrastructure', /just starting/],
  [{ code: '42501', message: 'permission denied for schema public' }, 'InvalidInput', /may not do that/],
  [{ code: 'ECONNREFUSED', message: '' }, 'Infrastructure', /nothing listens there/],
  [{ code: 'ENOTFOUND', message: 'getaddrinfo ENOTFOUND' }, 'InvalidInput', /no host of this name/],
] as const) {
  test(`a database that cannot be used is named with the remedy: ${error.message || error.code}`, () => {
    const failure = connectionFailure(url, error);
    assert.equal(failure.type, type);
    assert.match(failure.message, says);
    assert.match(failure.message, /^postgresql:\/\/jane:\*\*\*@db\.internal/);
    assert.doesNotMatch(failure.message, /\n|secret/);
    assert.equal(failure.cause, error);
  });
}
