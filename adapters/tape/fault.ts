import type { CandleFaultPlace } from '../../core/market/candle-row.ts';

/** Why a candle file gave no tape, by code; the text is for people and names the path. */
export const TAPE_ERRORS = {
  absent: 'there is no such file',
  directory: 'it is a directory, not a file',
  forbidden: 'it may not be read by this user',
  unreadable: 'it cannot be read',
  archive: 'it is an archive; take the CSV out of it, or gzip the CSV',
  truncated_gzip: 'its gzip data ends too early; the copy is not complete',
  corrupt_gzip: 'its gzip data is damaged',
  not_text: 'it is not UTF-8 text',
  long_line: 'a line is too long to be a candle',
  too_many_rows: 'it has more rows than one tape takes',
  bad_candles: 'its candles cannot be used',
  unknown_symbol: 'its name does not say which symbol it holds',
  unknown_timeframe: 'no such timeframe',
  empty_range: 'it has no candles in the range asked for',
  repeated_tape: 'two tapes are of the same symbol and timeframe',
} as const;
export type TapeErrorCode = keyof typeof TAPE_ERRORS;

/** A file that gave no tape. Nothing of it was handed on. */
export class TapeError extends Error {
  readonly code: TapeErrorCode;
  readonly path: string;
  /** For `bad_candles`: the line, the column, what was expected and what was found. */
  readonly place: CandleFaultPlace | null;

  constructor(
    code: TapeErrorCode,
    path: string,
    { detail, place, cause }: { detail?: string; place?: CandleFaultPlace; cause?: unknown } = {},
  ) {
    const text = detail === undefined ? '' : `: ${detail}`;
    super(`${path}: ${TAPE_ERRORS[code]}${text}`, { cause });
    this.name = 'TapeError';
    this.code = code;
    this.path = path;
    this.place = place ?? null;
  }
}
