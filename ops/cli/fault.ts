import { inspect } from 'node:util';
import { SealError } from '../../adapters/seal/envelope.ts';
import { UnknownError } from '../../adapters/store/unknown.ts';
import { TapeError } from '../../adapters/tape/fault.ts';
import { ConfigError } from '../../core/debate/user-config.ts';
import { RiskLimitsError } from '../../core/risk/limits.ts';
import { CorroError, type ErrorCode } from '../../proto/errors.ts';
import { isAbsence } from '../ring/patience.ts';
import { StackError, type StackErrorCode } from '../stack/failure.ts';

const STACK_CODES = {
  already_running: 'stack_already_running',
  not_running: 'stack_not_running',
  ports_taken: 'port_taken',
  old_server: 'server_too_old',
  missing_binary: 'server_missing',
  no_disk_space: 'disk_full',
  no_access: 'server_unreachable',
  start_failed: 'server_unreachable',
  stop_failed: 'failed',
} as const satisfies Record<StackErrorCode, ErrorCode>;

/** What the store calls a thing that is not there (the first word of it: `symbol at paper`), as an
 * error code. */
const UNKNOWN_CODES: Readonly<Record<string, ErrorCode>> = {
  user: 'unknown_user',
  symbol: 'unknown_symbol',
  debate: 'unknown_debate',
  decision: 'unknown_decision',
  escalation: 'unknown_escalation',
  halt: 'unknown_halt',
  key: 'unknown_key',
  secret: 'unknown_secret',
  model: 'unknown_model',
  run: 'unknown_run',
  weights: 'unknown_weights',
  content: 'unknown_content',
};

export interface Fault {
  readonly code: ErrorCode;
  readonly text: string;
}

/** What a person is told of an error, and its code, which decides the exit code. A bug shows its
 * stack: nobody can mend what they cannot see. */
export function explain(error: unknown): Fault {
  const code = codeOf(error);
  if (code === 'server_unreachable' && !isOurs(error)) {
    return { code, text: `a server does not answer (${messageOf(error)}); see ./corro doctor` };
  }
  if (code === 'interrupted' && !(error instanceof CorroError)) return { code, text: code };
  return { code, text: code === 'failed' && !isOurs(error) ? inspect(error) : messageOf(error) };
}

function codeOf(error: unknown): ErrorCode {
  if (error instanceof CorroError) return error.code;
  if (error instanceof StackError) return STACK_CODES[error.code];
  if (error instanceof UnknownError)
    return UNKNOWN_CODES[error.kind.split(' ')[0] ?? ''] ?? 'failed';
  if (error instanceof SealError) return 'secret_sealed';
  if (error instanceof TapeError) return 'bad_candle_file';
  if (error instanceof ConfigError || error instanceof RiskLimitsError) return 'bad_configuration';
  if (error instanceof Error && error.name === 'AbortError') return 'interrupted';
  return isAbsence(error) ? 'server_unreachable' : 'failed';
}

/** Errors that were written for people: their message says it all. */
function isOurs(error: unknown): boolean {
  return (
    error instanceof CorroError || error instanceof StackError || error instanceof UnknownError
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
