// A worker's call of notifyRun in a process of its own, so that a test can kill it. Reads what to do from standard input:
// the webhook is a secret even here.
import { text } from 'node:stream/consumers';
import { pino } from 'pino';
import type { Dependencies } from '../../src/activities/dependencies.ts';
import { notifyRun } from '../../src/activities/notify.ts';
import { readConfig } from '../../src/config.ts';
import { openDatabase } from '../../src/database/pool.ts';

const { databaseUrl, webhook, failpoints, runId } = JSON.parse(await text(process.stdin)) as Record<
  'databaseUrl' | 'webhook' | 'failpoints' | 'runId',
  string
>;
const deps = {
  config: { ...readConfig(), slackWebhookUrl: webhook, failpoints },
  database: openDatabase(databaseUrl, 'notify-test'),
  databaseUrl,
  log: pino({ level: 'silent' }),
} as unknown as Dependencies;
await notifyRun(deps, { runId });
process.exit(0);
