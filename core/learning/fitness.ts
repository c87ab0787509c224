import { ACTIONS } from '../assistants/speech.ts';
import type { TrainingMatrix } from '../models/matrix.ts';

export const MATRIX_FAULTS = [
  'too_few_rows',
  'one_class',
  'constant_feature',
  'holes',
  'not_a_number',
  'settles_late',
] as const;
export type MatrixFaultCode = (typeof MATRIX_FAULTS)[number];

/** Why nothing can be learned from a matrix. */
export interface MatrixFault {
  readonly code: MatrixFaultCode;
  readonly feature: string | null;
  /** One sentence for a reader. */
  readonly words: string;
}

/** A matrix before any trainer sees it. JSON-safe. */
export interface MatrixFitness {
  readonly rows: number;
  readonly labels: Readonly<Record<'BUY' | 'SELL' | 'HOLD', number>>;
  readonly faults: readonly MatrixFault[];
  /** Said, and no reason to refuse. */
  readonly notes: readonly string[];
}

/** The trainer's own least: below it folds are too short to learn from. */
export const LEAST_MATRIX_ROWS = 500;
/** The same in every row where a candle is a day or a week. */
const CALENDAR: readonly string[] = ['hour_of_day', 'day_of_week'];
/** More rows without a value of one feature than this, and it is a hole, not a flat range. */
const MOST_UNKNOWN = 0.1;

/** What of a matrix cannot be learned from: too few rows, one label only, a feature that never
 * varies, one that is missing in many rows and not in all, a number that is none, a label that
 * settled outside the window. A feature without any value at all is no fault (there may be no
 * source of news), nor one of the calendar that never varies: it is said.
 * `window.toMs`: the end of the training window, Unix milliseconds. */
export function matrixFaults(
  { header, numbers }: TrainingMatrix,
  window: { readonly toMs: number | null } = { toMs: null },
): MatrixFitness {
  const columns = columnsOf({ header, numbers });
  const faults: MatrixFault[] = [];
  const notes: string[] = [];
  const add = (code: MatrixFaultCode, words: string, feature: string | null = null): void => {
    faults.push({ code, feature, words });
  };
  if (header.rows < LEAST_MATRIX_ROWS) {
    add('too_few_rows', `must be at least ${LEAST_MATRIX_ROWS} rows, were ${header.rows}`);
  }
  const labels = labelsOf(columns.get('action') as Float64Array);
  const seen = ACTIONS.filter((action) => labels[action] > 0);
  if (header.rows > 0 && seen.length < 2) {
    add('one_class', `every label is ${seen.join()}: there is nothing to tell apart`);
  }
  const empty: string[] = [];
  for (const name of header.features.names) {
    const found = featureFault(name, columns.get(name) as Float64Array);
    if (found === 'empty') empty.push(name);
    else if (found?.code === 'constant_feature' && CALENDAR.includes(name)) {
      notes.push(`${name} is the same at every close of ${header.timeframe}`);
    } else if (found !== null) add(found.code, found.words, name);
  }
  if (empty.length > 0 && header.rows > 0) {
    notes.push(`no row has a value of ${empty.join(', ')}: nothing is learned from them`);
  }
  const { prints, rows } = header.leftOut;
  if (prints > 0) {
    notes.push(`${rows} rows were left out: ${prints} candles have a print nobody can have meant`);
  }
  for (const fault of answerFaults(columns, window.toMs)) faults.push(fault);
  return { rows: header.rows, labels, faults, notes };
}

function columnsOf({ header, numbers }: TrainingMatrix): ReadonlyMap<string, Float64Array> {
  const width = header.columns.length;
  if (numbers.length !== header.rows * width) {
    throw new RangeError(`must hold ${header.rows * width} numbers, held ${numbers.length}`);
  }
  return new Map(
    header.columns.map((name, column) => {
      const values = new Float64Array(header.rows);
      for (let row = 0; row < header.rows; row += 1) {
        values[row] = numbers[row * width + column] as number;
      }
      return [name, values];
    }),
  );
}

function labelsOf(actions: Float64Array): Record<'BUY' | 'SELL' | 'HOLD', number> {
  const labels = { BUY: 0, SELL: 0, HOLD: 0 };
  for (const place of actions) {
    const action = ACTIONS[place];
    if (action !== undefined) labels[action] += 1;
  }
  return labels;
}

function featureFault(
  name: string,
  values: Float64Array,
): Pick<MatrixFault, 'code' | 'words'> | 'empty' | null {
  let [unknown, low, high] = [0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (Number.isNaN(value)) unknown += 1;
    else [low, high] = [Math.min(low, value), Math.max(high, value)];
  }
  if (unknown === values.length) return 'empty';
  if (!(Number.isFinite(low) && Number.isFinite(high))) {
    return { code: 'not_a_number', words: `${name} must be finite in every row, was not` };
  }
  if (low === high) {
    return { code: 'constant_feature', words: `${name} must vary, was ${low} in every row` };
  }
  if (unknown / values.length > MOST_UNKNOWN) {
    const share = `${((100 * unknown) / values.length).toFixed(0)} %`;
    return { code: 'holes', words: `${name} must be known, was missing in ${share} of the rows` };
  }
  return null;
}

function* answerFaults(
  columns: ReadonlyMap<string, Float64Array>,
  toMs: number | null,
): Generator<MatrixFault> {
  for (const name of ['closeTimeMs', 'settledAtMs', 'action', 'move', 'magnitude', 'risk']) {
    const row = columns.get(name)?.findIndex((value) => !Number.isFinite(value)) ?? -1;
    if (row < 0) continue;
    const words = `${name} must be a number in every row, was not in row ${row}`;
    yield { code: 'not_a_number', feature: null, words };
  }
  const closes = columns.get('closeTimeMs') as Float64Array;
  const settled = columns.get('settledAtMs') as Float64Array;
  const late = settled.findIndex((timeMs, row) => {
    return timeMs <= (closes[row] as number) || (toMs !== null && timeMs >= toMs);
  });
  if (late < 0) return;
  const when = new Date(settled[late] as number).toISOString();
  const words =
    `labels must settle after their close and within the window, ` + `row ${late} did ${when}`;
  yield { code: 'settles_late', feature: null, words };
}
