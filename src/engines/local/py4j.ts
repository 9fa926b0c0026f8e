import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

/** A Java object that the gateway holds for us: `o12`. */
export interface JavaReference {
  readonly id: string;
}

type JavaValue = string | number | boolean | null | JavaReference;

/**
 * The few words of Py4J's text protocol that the keeper needs: it must be able to ask the JVM whether it still answers,
 * end a batch's Spark jobs and clear up after it, without a Python process for each question.
 */
export class Py4j {
  readonly #socket: Socket;
  readonly #waiting: { resolve: (answer: string) => void; reject: (error: Error) => void }[] = [];
  #closed: Error | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    const close = (error?: Error): void => {
      this.#closed ??= error ?? new Error('the JVM closed its gateway');
      for (const waiting of this.#waiting.splice(0)) waiting.reject(this.#closed);
    };
    socket.on('error', close).on('close', () => close());
    createInterface({ input: socket })
      .on('line', (line) => this.#waiting.shift()?.resolve(line))
      // readline emits its input's errors a second time, which ends the process if nobody listens
      .on('error', close);
  }

  static async connect(port: number, secret: string): Promise<Py4j> {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    const client = new Py4j(socket);
    await client.#ask(`A\n${secret}\n`);
    return client;
  }

  /** Calls a static method (`org.example.Type`) or one of an object. */
  async call(target: string | JavaReference, method: string, ...parameters: JavaValue[]): Promise<JavaValue> {
    const on = typeof target === 'string' ? `z:${target}` : target.id;
    return this.#ask(`c\n${on}\n${method}\n${parameters.map((value) => `${write(value)}\n`).join('')}e\n`);
  }

  /** As `call`, for a method that answers an object. */
  async object(
    target: string | JavaReference,
    method: string,
    ...parameters: JavaValue[]
  ): Promise<JavaReference> {
    const value = await this.call(target, method, ...parameters);
    if (typeof value !== 'object' || value === null) throw new Error(`${method} answered no object`);
    return value;
  }

  /**
   * Forgets every object made since the one numbered `from` and answers the last one's number. The gateway holds an
   * object until its Python process releases it; one that was killed never did, and the JVM would fill up with them.
   */
  async releaseSince(from: number): Promise<number> {
    const newest = await this.#ask('i\njava.lang.Object\ne\n');
    const last = Number((newest as JavaReference).id.slice(1));
    for (let start = from + 1; start <= last; start += 1_000) {
      const end = Math.min(start + 1_000, last + 1);
      const releases: Promise<string>[] = [];
      for (let id = start; id < end; id += 1) releases.push(this.#send(`m\nd\no${id}\ne\n`));
      await Promise.all(releases);
    }
    return last;
  }

  close(): void {
    this.#socket.destroy();
  }

  async #ask(command: string): Promise<JavaValue> {
    return read(await this.#send(command));
  }

  async #send(command: string): Promise<string> {
    if (this.#closed) throw this.#closed;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#socket.write(command);
    });
  }
}

function write(value: JavaValue): string {
  if (value === null) return 'n';
  if (typeof value === 'boolean') return `b${value ? 'True' : 'False'}`;
  if (typeof value === 'number') return `i${value}`;
  if (typeof value === 'string') return `s${escape(value)}`;
  return `r${value.id}`;
}

function escape(text: string): string {
  return text
    .replaceAll('\\', String.raw`\\`)
    .replaceAll('\r', String.raw`\r`)
    .replaceAll('\n', String.raw`\n`);
}

/** An answer is `!y`, a letter for the type, and the value; `!x` is an exception. */
function read(answer: string): JavaValue {
  if (!answer.startsWith('!y')) throw new Error(`the JVM refused a call (${answer.slice(0, 200)})`);
  const value = answer.slice(3);
  switch (answer[2]) {
    case 'v':
    case 'n':
    case undefined:
      return null;
    case 'b':
      return value === 'true';
    case 's':
      return value;
    case 'i':
    case 'L':
    case 'd':
      return Number(value);
    default:
      return { id: value };
  }
}
