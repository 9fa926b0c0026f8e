/** `doctor --live`: every source is asked once. */
import type { PoolSettings } from '../pools/settings.ts';
import type { Day } from '../planning/days.ts';
import { clockRemark, described, judgeAnswer } from './answers.ts';
import { SourceClient, usualLimits } from './client.ts';
import { etherscanProbe } from './etherscan.ts';
import { ethplorerProbe } from './ethplorer.ts';
import { sourcesFor } from './index.ts';
import { NoAnswer } from './no-answer.ts';
import { gasBlocks, newestBlock } from './nodes.ts';
import { shownUrl, withoutKeys } from './secrets.ts';
import type { SourceSettings } from './settings.ts';
import { CannotPlan } from './source.ts';
import type { DayInHand, LiveSource, Wanted } from './source.ts';

export interface SourceFinding {
  name: string;
  verdict: 'ok' | 'warning' | 'failed';
  detail: string;
}

/** Asks each source once, all at the same time; ends within a minute whatever answers. No key is in what it says. */
export async function examineSources(
  settings: SourceSettings,
  pools: PoolSettings,
  day: Day,
): Promise<SourceFinding[]> {
  const client = new SourceClient(settings, { ...usualLimits, firstByteMs: 15_000, bodyMs: 30_000 });
  const inHand: DayInHand = {
    ...{ day, settings, pools },
    body: async () => undefined,
    earlierBody: async () => undefined,
    sha256: async () => undefined,
    tokensWithoutHistory: async () => [],
    poolsHeld: async () => [],
    wallets: settings.wallets,
    chainBefore: async () => undefined,
    storedAt: async () => new Map(),
    problems: async () => new Map(),
  };
  try {
    const asked = await Promise.all(
      sourcesFor(inHand).map(async (source) => ({ source, wanted: await firstOf(source, inHand) })),
    );
    const known = asked.flatMap(({ source, wanted }) => wanted.map((each) => ({ source, wanted: each })));
    const findings = await Promise.all(known.map(({ source, wanted }) => examine(client, source, wanted)));
    return [proxyFinding(settings), ...findings];
  } finally {
    await client.close();
  }
}

/** One request a source, one a node; none for what hangs on another source's answer or has no key. */
async function firstOf(source: LiveSource, day: DayInHand): Promise<Wanted[]> {
  if (source.name === 'gas-blocks') return day.settings.nodes.map(newestBlock);
  // It stands in for another one, with the same nodes that gas is asked of.
  if (source.name === 'gas-bounds') return [];
  if (source.name === 'etherscan') return etherscanProbe(day.settings);
  if (source.name === 'ethplorer') return ethplorerProbe(day.settings);
  try {
    return (await source.wanted(day)).slice(0, 1);
  } catch (error) {
    if (error instanceof CannotPlan) return [];
    throw error;
  }
}

async function examine(client: SourceClient, source: LiveSource, wanted: Wanted): Promise<SourceFinding> {
  const call = wanted.calls[0]!;
  const name = source.name === gasBlocks.name ? `gas ${call.url.hostname}` : source.name;
  const where = new URL(shownUrl(call.url)).origin;
  const bad = source.required ? 'failed' : 'warning';
  try {
    const answer = await client.ask(call);
    const trouble = judgeAnswer(withoutKeys(answer, call), wanted.expected, Date.now());
    if (trouble !== undefined) return { name, verdict: bad, detail: `${where}: ${trouble.problem}` };
    const said = saidBy(source, answer.body);
    if (said === undefined) {
      const problem = `no usable figures: ${described(withoutKeys(answer, call))}`;
      return { name, verdict: bad, detail: `${where}: ${problem}` };
    }
    const detail = `${where}: ${said}`;
    const clock = clockRemark(answer.date, Date.now());
    return clock === undefined
      ? { name, verdict: 'ok', detail }
      : { name, verdict: 'warning', detail: `${detail}; ${clock}` };
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    return { name, verdict: bad, detail: `${where}: ${error.message}` };
  }
}

/** Undefined where a body of the right shape has figures that are none: a moment that no calendar has, for example. */
function saidBy(source: LiveSource, body: Buffer): string | undefined {
  try {
    return source.says(body);
  } catch {
    return undefined;
  }
}

function proxyFinding({ proxy }: SourceSettings): SourceFinding {
  const used = proxy.https ?? proxy.http;
  const detail = used === undefined ? 'none: providers are asked directly' : `by ${new URL(used).host}`;
  return { name: 'proxy', verdict: 'ok', detail };
}
