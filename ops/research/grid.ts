import { canonicalJson } from '../../core/canonical.ts';
import { Random } from '../../core/random.ts';
import { CorroError } from '../../proto/errors.ts';

export type Value = number | string | boolean;
export type ParameterSet = Readonly<Record<string, Value>>;

/** Most trials of one sweep: a slip of a comma should not run for a year. */
const MOST_TRIALS = 100_000;
const NAME = /^[a-z][a-zA-Z0-9]{0,39}$/;

/** `fast=12` of `--param`, several of them. Throws `usage`. */
export function settingsOf(option: string, texts: readonly string[]): ParameterSet {
  const entries = texts.map((text) => {
    const [name, value] = split(option, text, 'k=v');
    return [name, valueOf(value)] as const;
  });
  return collect(option, entries);
}

/** `fast=5,10,20` of `--grid`, several of them: every combination, the last one changing fastest.
 * Throws `usage`. */
export function gridOf(texts: readonly string[]): readonly ParameterSet[] {
  const axes = Object.entries(
    collect(
      '--grid',
      texts.map((text) => {
        const [name, values] = split('--grid', text, 'k=a,b,c');
        return [name, axis(name, values)] as const;
      }),
    ),
  );
  const size = axes.reduce((product, [, values]) => product * values.length, 1);
  if (size > MOST_TRIALS) throw tooMany('--grid', size);
  return axes.reduce<readonly ParameterSet[]>(
    (sets, [name, values]) =>
      sets.flatMap((set) => values.map((value) => ({ ...set, [name]: value }))),
    [{}],
  );
}

function axis(name: string, values: string): readonly Value[] {
  const parsed = values.split(',').map((value) => valueOf(value.trim()));
  if (parsed.includes('')) throw usage(`--grid ${name} must be values between commas`, values);
  if (new Set(parsed).size === parsed.length) return parsed;
  throw usage(`--grid ${name} must name each value once`, values);
}

interface Range {
  readonly low: number;
  readonly high: number;
  /** `null`: any number between. */
  readonly step: number | null;
}

/** `--random N` with `--range fast=5..50:5`, several of them: that many different draws, the same
 * for the same seed. Whole bounds without a step are whole numbers. Throws `usage`. */
export function drawsOf(
  count: number,
  texts: readonly string[],
  seed: number,
): readonly ParameterSet[] {
  const ranges = Object.entries(collect('--range', texts.map(parseRange)));
  if (count > MOST_TRIALS) throw tooMany('--random', count);
  if (ranges.length === 0) throw usage('--random needs at least one --range', 'none');
  const size = ranges.reduce((product, [, range]) => product * sizeOf(range), 1);
  if (size < count) {
    throw usage(`--random must be at most the ${size} combinations there are`, String(count));
  }
  const random = new Random(seed, 'sweep');
  const drawn = new Map<string, ParameterSet>();
  // Few values are left to find when nearly all are wanted: still certain, only slower.
  while (drawn.size < count) {
    const set = Object.fromEntries(
      ranges.map(([name, range]) => [name, drawFrom(range, random)] as const),
    );
    drawn.set(canonicalJson(set), set);
  }
  return [...drawn.values()];
}

function parseRange(text: string): readonly [string, Range] {
  const [name, range] = split('--range', text, 'k=lo..hi[:step]');
  const found = /^(-?[0-9.e-]+)\.\.(-?[0-9.e-]+)(?::([0-9.e-]+))?$/.exec(range);
  const numberAt = (place: number): number => Number(found?.[place] ?? Number.NaN);
  const [low, high] = [numberAt(1), numberAt(2)];
  const step = found?.[3] === undefined ? null : numberAt(3);
  const sound = [low, high, step ?? 1].every((one) => Number.isFinite(one));
  if (!sound) throw usage('--range must be k=lo..hi[:step]', text);
  if (low > high) throw usage(`--range ${name} must go from low to high`, range);
  if (step !== null && step <= 0) throw usage(`--range ${name} must have a positive step`, range);
  const whole = Number.isInteger(low) && Number.isInteger(high);
  return [name, { low, high, step: step ?? (whole ? 1 : null) }];
}

function sizeOf({ low, high, step }: Range): number {
  if (low === high) return 1;
  return step === null ? Number.POSITIVE_INFINITY : Math.floor((high - low) / step + 1e-9) + 1;
}

function drawFrom(range: Range, random: Random): number {
  const { low, high, step } = range;
  if (step === null) return tidy(random.between(low, high));
  return tidy(low + step * random.whole(0, sizeOf(range) - 1));
}

/** Without the noise of a double: 0.30000000000000004 is 0.3. */
function tidy(value: number): number {
  return Number(value.toPrecision(12));
}

function split(option: string, text: string, form: string): readonly [string, string] {
  const at = text.indexOf('=');
  const name = text.slice(0, at).trim();
  const value = text.slice(at + 1).trim();
  if (at < 1 || value === '') throw usage(`${option} must be ${form}`, text);
  if (!NAME.test(name)) throw usage(`${option} must begin with a parameter's name`, text);
  return [name, value];
}

function collect<T>(
  option: string,
  entries: readonly (readonly [string, T])[],
): Readonly<Record<string, T>> {
  const all: Record<string, T> = {};
  for (const [name, value] of entries) {
    if (Object.hasOwn(all, name)) throw usage(`${option} must name each parameter once`, name);
    all[name] = value;
  }
  return all;
}

function valueOf(text: string): Value {
  if (text === 'true') return true;
  if (text === 'false') return false;
  return /^-?(\d+\.?\d*|\.\d+)(e-?\d+)?$/.test(text) ? Number(text) : text;
}

function tooMany(option: string, count: number): CorroError {
  return usage(`${option} must make at most ${MOST_TRIALS} trials`, String(count));
}

function usage(expected: string, found: string): CorroError {
  return new CorroError('usage', `${expected}, was ${found}`);
}
