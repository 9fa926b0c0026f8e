/** An expected failure: its message says what, where and what to do, and is all that a person gets to see. */
export class SetupFailure extends Error {}
