import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Bucket as StorageBucket, File } from '@google-cloud/storage';
import { Failure } from '../../failures.ts';

export interface BucketOptions {
  projectId: string;
  name: string;
  /** Tests only: an object store on loopback. */
  endpoint?: string;
}

/** Where code, requests and outcomes of remote batches lie. */
export class Bucket {
  readonly name: string;
  readonly #options: BucketOptions;
  #opened: Promise<StorageBucket> | undefined;

  constructor(options: BucketOptions) {
    this.name = options.name;
    this.#options = options;
  }

  uri(object: string): string {
    return `gs://${this.name}/${object}`;
  }

  async write(object: string, content: string | Uint8Array): Promise<void> {
    await this.#call(`write ${object}`, () =>
      this.#file(object).then((file) => file.save(asBuffer(content), { resumable: false })),
    );
  }

  /** For content-addressed names: if the object exists, it has this content. */
  async writeIfAbsent(object: string, content: () => string | Uint8Array): Promise<void> {
    const there = await this.#call(`look for ${object}`, async () => (await this.#file(object)).exists());
    if (there[0]) return;
    await this.#call(`write ${object}`, async () => {
      try {
        const onlyNew = { preconditionOpts: { ifGenerationMatch: 0 } };
        const file = await this.#file(object);
        await file.save(asBuffer(content()), { resumable: false, ...onlyNew });
      } catch (error) {
        if ((error as { code?: number }).code !== 412) throw error;
      }
    });
  }

  /** A file, or all files of a folder, below `prefix`; answers the address of the copy. */
  async upload(local: string, prefix: string): Promise<string> {
    const target = `${prefix}/${path.basename(local)}`;
    if (!statSync(local).isDirectory()) {
      await this.#uploadFile(local, target);
      return this.uri(target);
    }
    for (const entry of readdirSync(local, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const file = path.join(entry.parentPath, entry.name);
      await this.#uploadFile(file, `${target}/${path.relative(local, file).replaceAll(path.sep, '/')}`);
    }
    return this.uri(target);
  }

  /** A file under a name that says what its content is; answers its address. */
  async uploadByContent(local: string, prefix: string): Promise<string> {
    const content = readFileSync(local);
    const hash = createHash('sha256').update(content).digest('hex').slice(0, 16);
    const object = `${prefix}/${hash}/${path.basename(local)}`;
    await this.writeIfAbsent(object, () => content);
    return this.uri(object);
  }

  /** Undefined where there is no such object. */
  async read(object: string): Promise<Buffer | undefined> {
    return this.#call(`read ${object}`, async () => {
      try {
        const [content] = await (await this.#file(object)).download();
        return content;
      } catch (error) {
        if ((error as { code?: number }).code === 404) return undefined;
        throw error;
      }
    });
  }

  /** Names of the objects below a prefix. */
  async list(prefix: string): Promise<string[]> {
    const [files] = await this.#call(`list ${prefix}`, async () =>
      (await this.#bucket()).getFiles({ prefix }),
    );
    return files.map(({ name }) => name);
  }

  async #uploadFile(local: string, object: string): Promise<void> {
    await this.#call(`write ${object}`, async () =>
      (await this.#bucket()).upload(local, { destination: object }),
    );
  }

  /** The library is loaded where it is used. */
  #bucket(): Promise<StorageBucket> {
    const { projectId, name, endpoint } = this.#options;
    this.#opened ??= import('@google-cloud/storage').then(({ Storage }) =>
      new Storage({ projectId, ...(endpoint !== undefined && { apiEndpoint: endpoint }) }).bucket(name),
    );
    return this.#opened;
  }

  async #file(object: string): Promise<File> {
    return (await this.#bucket()).file(object);
  }

  async #call<T>(doing: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw storageFailure(error, this.name, doing);
    }
  }
}

function asBuffer(content: string | Uint8Array): Buffer {
  return typeof content === 'string' ? Buffer.from(content) : Buffer.from(content);
}

function storageFailure(error: unknown, bucket: string, doing: string): Failure {
  const { code, message } = error as { code?: number | string; message: string };
  const text = `Bucket ${bucket} did not ${doing}: ${message.split('\n')[0]}`;
  if (code === 404) {
    return new Failure(
      'InvalidInput',
      `There is no bucket ${bucket}: check GCP_TEMP_BUCKET and GCP_RESULTS_BUCKET.`,
      {
        cause: error,
      },
    );
  }
  if (code === 401 || code === 403) {
    return new Failure('InvalidInput', `${text}. Its account needs object access there.`, { cause: error });
  }
  if (code === 429) return new Failure('QuotaExceeded', text, { cause: error });
  return new Failure('Infrastructure', text, { cause: error });
}
