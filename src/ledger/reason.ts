/** Why something of a run is not complete, for a person. */
export interface Reason {
  /** A phase, a check, a batch, a range of dates. */
  subject: string;
  text: string;
  /** What to do about it. */
  advice?: string;
}
