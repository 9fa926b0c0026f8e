import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { pino } from 'pino';
import { temporalLogger } from '../src/temporal-log.ts';

test("Temporal's errors are in the log at every level that shows errors, with one level a line", () => {
  const lines: string[] = [];
  const stream = new Writable({ write: (chunk, _, done) => (lines.push(String(chunk)), done()) });
  const logger = temporalLogger(pino({ level: 'warn', base: {} }, stream));
  logger.error('[TMPRL1100] Nondeterminism', { level: 'x', workflowId: 'w' });
  logger.warn('slow', {});
  logger.info('a heartbeat', {});
  assert.equal(lines.length, 2);
  assert.match(lines[0]!, /"level":50,.*"workflowId":"w".*Nondeterminism/);
  assert.equal(lines[0]!.match(/"level"/g)?.length, 1);
  assert.match(lines[1]!, /"level":40,.*slow/);
});
