import { readFileSync } from 'node:fs';

const versions = JSON.parse(
  readFileSync(new URL('../../spark/sevenfold_jobs/result_versions.json', import.meta.url), 'utf8'),
) as Record<string, number>;

/** Raised together with a change of a job that changes its figures. */
export function resultVersion(job: string): number {
  const version = versions[job];
  if (version === undefined) throw new Error(`spark/sevenfold_jobs/result_versions.json has no ${job}.`);
  return version;
}
