/** What a parameter of a model may be: one kind of table for every kind of run that fits models. */
import { suggestion } from './nearest.ts';

type Value = number | string | boolean | null;

/** What one parameter may be; of numbers `least` and `most` are allowed, `above` and `below` are not. */
export interface Rule {
  whole?: boolean;
  least?: number;
  above?: number;
  most?: number;
  below?: number;
  /** Null is allowed, and says "no limit". */
  none?: boolean;
  flag?: boolean;
  names?: readonly Value[];
  /** A list of names is allowed as well. */
  several?: boolean;
}

/** The end of a sentence that begins with the parameter's name; undefined for a value that it may have. */
export function parameterFault(rules: Record<string, Rule>, name: string, value: Value): string | undefined {
  const rule = rules[name];
  if (rule === undefined || (value === null && rule.none === true)) return undefined;
  const kind = kindOf(rule);
  if (typeof value !== kind || (kind === 'number' && !Number.isFinite(value))) {
    return `is ${JSON.stringify(value)}, but must be ${kinds[kind]}.`;
  }
  if (allows(rule, value)) return undefined;
  const names = rule.names?.map(String);
  const near = names === undefined ? '' : suggestion(String(value), names);
  return `is ${JSON.stringify(value)}, but must be ${wordsOf(rule)}.${near.startsWith('Did') ? ` ${near}` : ''}`;
}

type Kind = 'number' | 'string' | 'boolean';
const kinds: Record<Kind, string> = { number: 'a number', string: 'a name', boolean: 'true or false' };

function kindOf({ flag, names }: Rule): Kind {
  if (flag === true) return 'boolean';
  return names === undefined ? 'number' : 'string';
}

/** Whether a value is within its rule. */
export function allows(rule: Rule, value: Value): boolean {
  if (rule.names !== undefined) return rule.names.includes(value);
  if (typeof value !== 'number') return true;
  const { whole, least = -Infinity, above = -Infinity, most = Infinity, below = Infinity } = rule;
  if (whole === true && !Number.isInteger(value)) return false;
  return value >= least && value > above && value <= most && value < below;
}

function wordsOf({ whole, least, above, most, below, names }: Rule): string {
  if (names !== undefined) return `one of ${names.join(', ')}`;
  const shown = (value: number): string => value.toLocaleString('en-US');
  const from = least === undefined ? above !== undefined && `above ${above}` : `of at least ${shown(least)}`;
  const to = most === undefined ? below !== undefined && `below ${below}` : `at most ${shown(most)}`;
  if (whole === true && least !== undefined && most !== undefined) {
    return `a whole number from ${shown(least)} to ${shown(most)}`;
  }
  return `a number ${[from, to].filter((part) => part !== false).join(' and ')}`;
}
