import type { DeadLetter } from '../../proto/messages.ts';

/** A mail that no number of tries would make answerable. Expected, and no fault of the actor's. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly code: DeadLetter['code'];
  /** Which part of the mail is at fault. */
  readonly field: string;

  constructor(code: DeadLetter['code'], field: string) {
    super(`${code}: ${field}`);
    this.code = code;
    this.field = field;
  }
}

/** The transcript could not be written for now: the mail is left for later. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';
}
