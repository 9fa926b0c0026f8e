/** The settings of the run. */
import { figure } from '../../../../pages/figures.ts';
import { clipped, count } from '../../../../pages/format.ts';
import { html, section } from '../../../../pages/page.ts';
import type { Html } from '../../../../pages/page.ts';
import { pairs } from '../../../../pages/sections/common.ts';
import type { DailyReport } from '../data.ts';

export function settingsSection({ settings }: DailyReport): Html {
  if (settings === null)
    return section('Settings', '', html`<p class="note">No settings are on record yet.</p>`);
  const lists = [
    ['approved tokens', 'settings.approved_tokens', settings.approvedTokens],
    ['blacklisted tokens', 'settings.blacklisted_tokens', settings.blacklistedTokens],
    ['approved protocols', 'settings.approved_protocols', settings.approvedProtocols],
  ] as const;
  return section(
    'Settings',
    html`As they stood when the run began.
    ${lists.map(([name, id, number], i) => html`${i > 0 && ', '}${figure(id, number, count(number))} ${name}`)}.`,
    pairs(
      Object.entries(settings.parameters)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, value]) => [
          clipped(name, 60),
          figure(
            'settings.parameter',
            value,
            typeof value === 'number'
              ? value.toLocaleString('en-US', { maximumFractionDigits: 8 })
              : String(value),
            name,
          ),
        ]),
    ),
  );
}
