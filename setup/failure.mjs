/** An expected failure: its message says what, where and what to do; nothing else of it is shown. */
export class SetupFailure extends Error {}
