/** Somebody named a thing the store does not have. The message says what exists. */
export class UnknownError extends Error {
  override readonly name = 'UnknownError';
  /** What kind of thing: `user`, `symbol`, `debate`… */
  readonly kind: string;
  readonly asked: string;
  readonly existing: readonly string[];

  constructor(kind: string, asked: string, existing: readonly string[]) {
    const there = existing.length > 0 ? `there is ${existing.join(', ')}` : 'there is none yet';
    super(`unknown ${kind} ${JSON.stringify(asked.slice(0, 100))}: ${there}`);
    this.kind = kind;
    this.asked = asked;
    this.existing = existing;
  }
}
