/** The nine points between an intent and its booked fill at which a process may die. A trial of
 * recovery kills the order worker at each of them (`CORRO_KILL_AT`); whatever the point, the order
 * must be sent once and booked once. */
export const KILL_POINTS = [
  /** Intent, approval and reserve are written, not committed: all of it is gone. */
  'before-intent-commit',
  /** They are committed, and nobody knows yet. */
  'after-intent-commit',
  /** The mark that it is being sent is written, not committed: it was not sent. */
  'before-mark-commit',
  /** Marked as sent, and not sent: silence has to be proven. */
  'after-mark-commit',
  /** The gateway has it; its answer will find nobody. */
  'request-left',
  /** The venue's answer is known to this process alone. */
  'answer-arrived',
  /** It is recorded, and the workflow does not know. */
  'answer-recorded',
  /** Fills, ledger and position are written, not committed: all of it is gone. */
  'before-booking-commit',
  /** They are committed, and the workflow does not know. */
  'after-booking-commit',
] as const;
export type KillPoint = (typeof KILL_POINTS)[number];
