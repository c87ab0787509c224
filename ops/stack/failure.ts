/** Why the stack could not do what it was asked. The CLI maps each code to an exit code. */
export const STACK_ERROR_CODES = [
  'already_running',
  'not_running',
  'ports_taken',
  'old_server',
  'missing_binary',
  'no_disk_space',
  'no_access',
  'start_failed',
  'stop_failed',
] as const;

export type StackErrorCode = (typeof STACK_ERROR_CODES)[number];

/** A fault a person can mend: the message says what is wrong and what to do about it. */
export class StackError extends Error {
  readonly code: StackErrorCode;
  /** The process concerned, where there is one: who holds the lock, who would not stop. */
  readonly pid: number | null;

  constructor(code: StackErrorCode, message: string, pid: number | null = null) {
    super(message);
    this.name = 'StackError';
    this.code = code;
    this.pid = pid;
  }
}

export function isStackErrorCode(value: unknown): value is StackErrorCode {
  return STACK_ERROR_CODES.some((code) => code === value);
}
