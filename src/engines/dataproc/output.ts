import type { Bucket } from './bucket.ts';

/**
 * What a driver wrote, or the last piece of it: Dataproc writes `driveroutput.000000000`, `driveroutput.000000001`, … below
 * the address that it reports. Undefined where nothing is there.
 */
export async function readOutput(
  open: (bucket: string) => Bucket,
  outputUri: string,
  which: 'all' | 'last',
): Promise<string | undefined> {
  const [, name, prefix] = /^gs:\/\/([^/]+)\/(.+)$/.exec(outputUri) ?? [];
  if (name === undefined || prefix === undefined) return undefined;
  const bucket = open(name);
  const objects = (await bucket.list(prefix)).sort();
  const pieces = [];
  for (const object of which === 'all' ? objects : objects.slice(-1)) {
    const piece = await bucket.read(object);
    if (piece) pieces.push(piece);
  }
  return pieces.length === 0 ? undefined : Buffer.concat(pieces).toString('utf8');
}
