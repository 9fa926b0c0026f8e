/** The supervisor's process: started by `ensureUp`. */
import { readConfig } from '../config.ts';
import { slackNotify } from '../schedules/notify.ts';
import { watchDeadlines } from './deadlines.ts';
import { embeddedParts } from './parts.ts';
import { supervise } from './supervisor.ts';

const config = readConfig();
const { checkout, stateFolder } = config;
await supervise({
  checkout,
  stateFolder,
  parts: (addresses) => embeddedParts(addresses, checkout),
  alongside: (addresses, log) =>
    void watchDeadlines({ databaseUrl: () => addresses.databaseUrl(), log, notify: slackNotify(config) }),
});
