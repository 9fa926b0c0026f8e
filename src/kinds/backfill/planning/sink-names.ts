/** Where paths can go; the first is where they go unless something else is asked for. */
export const sinkNames = ['postgres', 'delta'] as const;

export type SinkName = (typeof sinkNames)[number];

/** Whether a text can be the place of a sink that keeps files. */
export function isPlaceOfSink(value: string): boolean {
  return /^(?:\/|gs:\/\/[^/]+)/.test(value);
}
