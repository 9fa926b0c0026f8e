import { createHash } from 'node:crypto';
import { mkdirSync, renameSync, existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';

/** The few calls of the object store's protocol that the service itself needs, and a folder of what it has fetched. */
export class Objects {
  readonly #endpoint: string;
  readonly #folder: string;
  readonly #fetching = new Map<string, Promise<string>>();

  constructor(endpoint: string, folder: string) {
    this.#endpoint = endpoint;
    this.#folder = folder;
  }

  /** A copy on this machine, with the object's own file name. Fetched once for each version of the object. */
  async localise(uri: string): Promise<string> {
    const { bucket, name } = parse(uri);
    const answer = await fetch(`${this.#endpoint}/storage/v1/b/${bucket}/o/${encodeURIComponent(name)}`);
    const text = await answer.text();
    if (!answer.ok) throw new Error(`File not found: ${uri} (${answer.status})`);
    const { generation } = JSON.parse(text) as { generation: string };
    const key = createHash('sha256').update(`${uri}#${generation}`).digest('hex').slice(0, 16);
    const copy = path.join(this.#folder, key, path.basename(name));
    const fetching = this.#fetching.get(copy) ?? this.#fetch(bucket, name, copy);
    this.#fetching.set(copy, fetching);
    fetching.catch(() => this.#fetching.delete(copy));
    return fetching;
  }

  async read(uri: string): Promise<Buffer> {
    const { bucket, name } = parse(uri);
    const url = `${this.#endpoint}/storage/v1/b/${bucket}/o/${encodeURIComponent(name)}?alt=media`;
    const answer = await fetch(url);
    const content = Buffer.from(await answer.arrayBuffer());
    if (!answer.ok) throw new Error(`${uri} cannot be read (${answer.status})`);
    return content;
  }

  async write(uri: string, content: string | Uint8Array): Promise<void> {
    const { bucket, name } = parse(uri);
    const url = `${this.#endpoint}/upload/storage/v1/b/${bucket}/o?uploadType=media&name=${encodeURIComponent(name)}`;
    const answer = await fetch(url, { method: 'POST', body: Buffer.from(content) });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${uri} cannot be written (${answer.status} ${text.slice(0, 200)})`);
  }

  async #fetch(bucket: string, name: string, copy: string): Promise<string> {
    if (existsSync(copy)) return copy;
    mkdirSync(path.dirname(copy), { recursive: true });
    await writeFile(`${copy}.part`, await this.read(`gs://${bucket}/${name}`));
    renameSync(`${copy}.part`, copy);
    return copy;
  }
}

function parse(uri: string): { bucket: string; name: string } {
  const [, bucket, name] = /^gs:\/\/([^/]+)\/(.+)$/.exec(uri) ?? [];
  if (bucket === undefined || name === undefined) throw new Error(`${uri} is no gs://bucket/object`);
  return { bucket, name };
}
