import { Failure } from '../failures.ts';

const mostLabels = 32;
const longest = 63;

/**
 * Labels as every service takes them: at most 63 small letters, digits, "_" and "-", keys beginning with a letter. What
 * has other characters or is longer is made to fit; a value that says nothing becomes `unknown`.
 */
export function labelsOf(given: Readonly<Record<string, string>>): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const [name, value] of Object.entries(given)) {
    const key = fitting(name);
    if (!/^[a-z]/.test(key)) {
      throw new Failure('InvalidInput', `Label "${name}" must begin with a letter.`);
    }
    if (Object.hasOwn(labels, key)) {
      throw new Failure('InvalidInput', `Label "${name}" and another are both "${key}": rename one.`);
    }
    labels[key] = labelValue(value);
  }
  const count = Object.keys(labels).length;
  if (count > mostLabels) {
    throw new Failure('InvalidInput', `A batch has ${count} labels, but may have ${mostLabels}.`);
  }
  return labels;
}

export function labelValue(value: string): string {
  const fitted = fitting(value);
  return /[a-z0-9]/.test(fitted) ? fitted : 'unknown';
}

function fitting(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, '-')
    .slice(0, longest);
}
