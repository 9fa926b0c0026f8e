/** No whole answer came: why, in words. */
export class NoAnswer extends Error {
  /** Nobody was reached at all. */
  readonly unreachable: boolean;
  constructor(message: string, unreachable: boolean) {
    super(message);
    this.unreachable = unreachable;
  }
}

/** A host asks for a pause that is too long to be waited for in a process. */
export class LongPause extends Error {
  readonly ms: number;
  constructor(host: string, ms: number) {
    super(`${host} asks for a pause of ${Math.ceil(ms / 1000)} s`);
    this.ms = ms;
  }
}
