/** What several sections of the daily page need. */
import type { PoolGroup } from '../../pools/grouping.ts';
import { poolGroupNames } from '../../pools/grouping.ts';
import { clipped, dash, shortId } from '../format.ts';
import { html } from '../page.ts';
import type { Column, Fragment, Html, Tone } from '../page.ts';

/** A page stays under 1 MB however many pools there are: it is sent around, and opened on a phone. */
export const maxRows = 1_000;
export const maxBytes = 220_000;
export const nameLength = 48;
export const reasonLength = 240;

export function statusTone(status: string): Tone {
  if (['complete', 'SUCCEEDED', 'optimal'].includes(status)) return 'good';
  if (['failed', 'quarantined', 'FAILED', 'TIMED_OUT'].includes(status)) return 'bad';
  if (['partial', 'cancelled', 'CANCELLED', 'feasible', 'infeasible'].includes(status)) return 'warn';
  return 'quiet';
}

/** A date is not torn apart at its hyphens. */
export function unbroken(text: string | null): Html {
  return html`<span class="k">${text ?? dash}</span>`;
}

export function latest(moments: readonly (Date | null)[]): Date | null {
  const times = moments.flatMap((moment) => moment?.getTime() ?? []);
  return times.length === 0 ? null : new Date(Math.max(...times));
}

export function secondsBetween(from: Date | null, to: Date | null): number | null {
  return from === null || to === null ? null : (to.getTime() - from.getTime()) / 1000;
}

/** By the original's rule, group 4 is also whatever fits nowhere, so its names would mislead. */
export function groupName(group: PoolGroup, parity: boolean): string {
  return parity ? `group ${group}` : `${group} ${poolGroupNames[group]}`;
}

export function groupLabel(group: PoolGroup | null, parity: boolean): string {
  return group === null ? dash : parity ? String(group) : groupName(group, false);
}

interface NamedPool {
  poolId: string;
  symbol: string | null;
  protocol: string | null;
}

/** A pool in a sentence or a chart. */
export function poolName({ symbol, protocol, poolId }: NamedPool): string {
  return `${clipped(symbol ?? poolId, 24)} ${clipped(protocol, 24)}`;
}

export function symbolColumn<Row extends NamedPool>(): Column<Row> {
  return {
    heading: 'Pool',
    cell: ({ symbol }) =>
      symbol === null ? html`<span class="quiet">nameless</span>` : clipped(symbol, nameLength),
    kind: 'key',
  };
}

export function protocolColumn<Row extends NamedPool>(): Column<Row> {
  return { heading: 'Protocol', cell: ({ protocol }) => clipped(protocol, nameLength), kind: 'key' };
}

export function idColumn<Row extends NamedPool>(): Column<Row> {
  return {
    heading: 'Id',
    cell: ({ poolId }) => html`<code title="${poolId}">${shortId(poolId)}</code>`,
    kind: 'key',
  };
}

/** Names and what they are, each on its line. */
export function pairs(rows: readonly (readonly [term: Fragment, said: Fragment] | false | null)[]): Html {
  return html`<dl class="pairs">
    ${rows.map(
      (row) =>
        row !== false &&
        row !== null &&
        html`<div>
          <dt>${row[0]}</dt>
          <dd>${row[1]}</dd>
        </div> `,
    )}
  </dl>`;
}

/** One pool, or 2 pools. */
export function plural(number: number, one: string, many = `${one}s`): string {
  return `${number.toLocaleString('en-US')} ${number === 1 ? one : many}`;
}
