import { codes, Refusal } from './api.ts';

/** What a filter can ask for. */
export interface Filterable {
  state: string;
  batchId: string;
  uuid: string;
  createTime: Date;
  labels: Record<string, string>;
}

type Test = (batch: Filterable) => boolean;

/**
 * A filter of ListBatches, for example `labels.job = x AND (state = RUNNING OR state = PENDING)`. As everywhere in Google's
 * APIs (AIP-160), OR binds more tightly than AND.
 */
export function parseFilter(text: string): Test {
  const tokens = [...text.matchAll(/\(|\)|<=|>=|!=|[=<>:]|"(?:[^"\\]|\\.)*"|'[^']*'|[^\s()=<>!:"']+/g)].map(
    ([token]) => token,
  );
  let at = 0;
  const refuse = (why: string): never => {
    throw new Refusal(codes.INVALID_ARGUMENT, `filter "${text}": ${why}`);
  };
  const isNext = (word: string): boolean => tokens[at]?.toUpperCase() === word;
  const joined = (word: string, part: () => Test, join: (tests: Test[]) => Test): Test => {
    const tests = [part()];
    for (; isNext(word); tests.push(part())) at += 1;
    return join(tests);
  };
  const conjunction = (): Test =>
    joined('AND', disjunction, (tests) => (batch) => tests.every((test) => test(batch)));
  const disjunction = (): Test => joined('OR', term, (tests) => (batch) => tests.some((test) => test(batch)));
  const term = (): Test => {
    if (isNext('NOT')) {
      at += 1;
      const test = term();
      return (batch) => !test(batch);
    }
    if (!isNext('(')) return comparison();
    at += 1;
    const inner = conjunction();
    if (!isNext(')')) refuse('a parenthesis is not closed');
    at += 1;
    return inner;
  };
  const comparison = (): Test => {
    const [field = '', operator = '', word = ''] = tokens.slice(at, at + 3);
    at += 3;
    if (!/^(!=|[<>]=?|=|:)$/.test(operator) || word === '') refuse(`nothing is compared at "${field}"`);
    const value = word.replace(/^(["'])(.*)\1$/s, '$2');
    if (field === 'create_time') {
      const time = Date.parse(value);
      if (Number.isNaN(time)) refuse(`${value} is no time`);
      return (batch) => compared(batch.createTime.getTime(), operator, time);
    }
    if (operator !== '=' && operator !== '!=' && operator !== ':') refuse(`${field} knows no ${operator}`);
    const read = reader(field) ?? refuse(`there is no field ${field}`);
    if (operator === ':' && value === '*') return (batch) => read(batch) !== undefined;
    return (batch) => (read(batch) === value) === (operator !== '!=');
  };
  if (tokens.length === 0) return () => true;
  const test = conjunction();
  if (at < tokens.length) refuse(`"${tokens[at]}" was not expected`);
  return test;
}

function reader(field: string): ((batch: Filterable) => string | undefined) | undefined {
  if (field.startsWith('labels.')) return ({ labels }) => labels[field.slice('labels.'.length)];
  if (field === 'state') return ({ state }) => state;
  if (field === 'batch_id') return ({ batchId }) => batchId;
  return field === 'batch_uuid' ? ({ uuid }) => uuid : undefined;
}

function compared(left: number, operator: string, right: number): boolean {
  switch (operator) {
    case '<':
      return left < right;
    case '<=':
      return left <= right;
    case '>':
      return left > right;
    case '>=':
      return left >= right;
    case '!=':
      return left !== right;
    default:
      return left === right;
  }
}
