/** The catalogue of Corro's errors: one code, one text, one exit code of the `corro` command each.
 * docs/exit-codes.md shows the same two tables, and a test compares them. */

export const EXIT_CODES = {
  ok: 0,
  failed: 1,
  usage: 2,
  bad_input: 3,
  not_running: 4,
  already_running: 5,
  not_found: 6,
  environment: 7,
  verification_failed: 8,
  interrupted: 130,
} as const;

export type ExitName = keyof typeof EXIT_CODES;

export const EXIT_TEXTS = {
  ok: 'It did what was asked.',
  failed: 'It failed, for a reason the message names; nothing below fits.',
  usage: 'The command line is wrong: unknown command, option or value.',
  bad_input: 'A file that was given cannot be used: missing column, bad number, truncated.',
  not_running: 'The stack is not running; start it with `corro up`.',
  already_running: 'A stack is already running in this folder.',
  not_found:
    'What was named does not exist: a debate, decision, escalation, halt, model, order, user or ' +
    'symbol.',
  environment:
    'This machine or its network refuses: no port, no disk space, a server missing or too old.',
  verification_failed: 'A recomputed decision, hash or balance is not what is recorded.',
  interrupted: 'Stopped by Ctrl-C or a signal before it was done.',
} as const satisfies Record<ExitName, string>;

interface ErrorKind {
  readonly text: string;
  readonly exit: ExitName;
}

/** Codes are for programs, texts for people. A detail follows the text after a colon. */
export const ERRORS = {
  failed: { text: 'failed', exit: 'failed' },
  usage: { text: 'the command line is wrong', exit: 'usage' },
  bad_candle_file: { text: 'the candle file cannot be used', exit: 'bad_input' },
  bad_configuration: { text: 'the configuration cannot be used', exit: 'bad_input' },
  bad_model: { text: 'the model cannot be used', exit: 'bad_input' },
  stack_not_running: { text: 'the stack is not running', exit: 'not_running' },
  stack_already_running: { text: 'a stack is already running here', exit: 'already_running' },
  unknown_symbol: { text: 'no such symbol', exit: 'not_found' },
  unknown_exchange: { text: 'no such exchange', exit: 'not_found' },
  unknown_user: { text: 'no such user', exit: 'not_found' },
  unknown_debate: { text: 'no such debate', exit: 'not_found' },
  unknown_decision: { text: 'no such decision', exit: 'not_found' },
  unknown_escalation: { text: 'no such escalation', exit: 'not_found' },
  unknown_key: { text: 'no such key', exit: 'not_found' },
  unknown_secret: { text: 'no such secret', exit: 'not_found' },
  no_key: { text: 'the private key is not here', exit: 'failed' },
  secret_sealed: { text: 'the secret cannot be opened', exit: 'failed' },
  unknown_model: { text: 'no such model', exit: 'not_found' },
  unknown_weights: { text: 'no such version of the weights', exit: 'not_found' },
  unknown_content: { text: 'nothing is kept under this hash', exit: 'not_found' },
  no_candles: { text: 'there are no candles to learn from', exit: 'not_found' },
  unknown_run: { text: 'no such run of the learning loop', exit: 'not_found' },
  learning_under_way: { text: 'another run learns in this market', exit: 'failed' },
  learning_failed: { text: 'the learning run failed', exit: 'failed' },
  model_step: { text: 'the model cannot take this step', exit: 'failed' },
  unknown_order: { text: 'no such order', exit: 'not_found' },
  unknown_halt: { text: 'no such halt holds', exit: 'not_found' },
  halt_name_taken: { text: 'another halt of this name holds', exit: 'failed' },
  escalation_closed: { text: 'the escalation has its answer already', exit: 'failed' },
  server_missing: { text: 'a server program is missing', exit: 'environment' },
  server_too_old: { text: 'a server program is too old', exit: 'environment' },
  python_missing: { text: 'Python and its packages are not there', exit: 'environment' },
  exchange_unreachable: { text: 'the exchange cannot be used', exit: 'environment' },
  server_unreachable: { text: 'a server does not answer', exit: 'environment' },
  port_taken: { text: 'a port is taken', exit: 'environment' },
  disk_full: { text: 'there is not enough disk space', exit: 'environment' },
  verification_failed: { text: 'verification failed', exit: 'verification_failed' },
  interrupted: { text: 'interrupted', exit: 'interrupted' },
  wire_too_large: { text: 'the message is larger than allowed', exit: 'failed' },
  wire_malformed: { text: 'the message is not of its type', exit: 'failed' },
  wire_not_canonical: { text: 'the message is not in its one canonical form', exit: 'failed' },
  wire_unknown_field: { text: 'the message has a field that is not in its schema', exit: 'failed' },
  wire_missing: { text: 'the message lacks a field', exit: 'failed' },
  wire_value: { text: 'the message has a value that is not allowed', exit: 'failed' },
  wire_mismatch: { text: 'the message contradicts itself or its subject', exit: 'failed' },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERRORS;
export type WireErrorCode = Extract<ErrorCode, `wire_${string}`>;

/** An expected fault with a code. `corro` prints the message and exits with `exitCode`. */
export class CorroError extends Error {
  override readonly name: string = 'CorroError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, detail?: string, options?: ErrorOptions) {
    const { text } = ERRORS[code];
    super(detail === undefined ? text : `${text}: ${detail}`, options);
    this.code = code;
  }

  get exitCode(): number {
    return exitCodeOf(this.code);
  }
}

/** Bytes from another process that must not be used. `field` is a path into the message
 * (`heard[2].content.stance`). Neither the message nor the field ever repeats what the bytes said,
 * so it may be logged. */
export class WireError extends CorroError {
  override readonly name = 'WireError';
  declare readonly code: WireErrorCode;
  readonly field: string;

  constructor(code: WireErrorCode, field: string, expected?: string) {
    super(code, expected === undefined ? field : `${field} must be ${expected}`);
    this.field = field;
  }
}

export function exitCodeOf(code: ErrorCode): number {
  return EXIT_CODES[ERRORS[code].exit];
}
