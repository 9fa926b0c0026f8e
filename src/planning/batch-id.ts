// For activities only: a workflow that imports this file fails to bundle, with a message.
// eslint-disable-next-line @typescript-eslint/no-restricted-imports
import { createHash } from 'node:crypto';
import { Failure } from '../failures.ts';

/** Dataproc's limit, which every engine keeps. */
const maxLength = 63;
const pattern = /^[a-z][a-z0-9-]{2,61}[a-z0-9]$/;

/**
 * The id of a batch, known before anything is sent: the same after a retry of the activity, a takeover of the run or a
 * continue-as-new; different for any other chunk or attempt. Only the job's name is ever cut, never the unique part.
 */
export function batchId(
  prefix: string,
  job: string,
  businessKey: string,
  chunk: string,
  attempt: number,
): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([businessKey, chunk, attempt]))
    .digest('hex')
    .slice(0, 8);
  const head = dashed(prefix);
  const room = maxLength - head.length - digest.length - 2;
  const id = `${head}-${dashed(dashed(job).slice(0, Math.max(0, room)))}-${digest}`;
  if (!pattern.test(id) || id.includes('--')) {
    throw new Failure(
      'InvalidInput',
      `"${prefix}" and "${job}" make no batch id: the prefix must begin with a letter and have at most 52 of a-z, 0-9 and "-", the job at least one.`,
    );
  }
  return id;
}

/** Lower case; each sequence of other characters becomes one "-", with none at the ends. */
function dashed(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
}
