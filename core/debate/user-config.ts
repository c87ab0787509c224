import { ROLES, type Role } from '../assistants/role.ts';
import { isSymbol } from '../market/instrument.ts';
import { DEFAULT_RULES } from './rules.ts';
import type { UserWeights } from './weights.ts';

export type Side = 'BUY' | 'SELL';

/** A user's own rules. They can only make the ring more careful, never less. */
export interface UserRules {
  /** Share of the weight cast a side must exceed; 5,000 … 9,500. */
  readonly thresholdBp: number;
  /** Ballots at least; 5 … 7. */
  readonly quorum: number;
  /** A trade agreed with less confidence than this is asked about instead. */
  readonly minConfidenceBp: number;
  /** Ask before every trade. */
  readonly alwaysAsk: boolean;
  /** Without consensus, ask when the leading side carries at least this share of the weight
   * cast. */
  readonly askFromBp: number;
  /** `null`: every symbol. */
  readonly allowedSymbols: readonly string[] | null;
  readonly allowedSides: readonly Side[];
}

export const DEFAULT_USER_RULES: UserRules = {
  thresholdBp: DEFAULT_RULES.thresholdBp,
  quorum: DEFAULT_RULES.quorum,
  minConfidenceBp: 0,
  alwaysAsk: false,
  askFromBp: 2_500,
  allowedSymbols: null,
  allowedSides: ['BUY', 'SELL'],
};

/** One version of `user_config`, as far as the ring is concerned. */
export interface UserConfig {
  readonly version: number;
  readonly weights: UserWeights;
  readonly rules: UserRules;
}

export const DEFAULT_USER_CONFIG: UserConfig = {
  version: 1,
  weights: {},
  rules: DEFAULT_USER_RULES,
};

/** At most this many assistants may be given no weight: more could never meet the quorum. */
const MOST_MUTED = ROLES.length - DEFAULT_RULES.quorum;
const MOST_SYMBOLS = 1_000;

/** A configuration that cannot be used: which field, what it must be, what it was. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly field: string;
  readonly expected: string;
  readonly found: string;

  constructor(field: string, expected: string, found: unknown) {
    const shown = show(found);
    super(`${field} must be ${expected}, was ${shown}`);
    this.field = field;
    this.expected = expected;
    this.found = shown;
  }
}

/** Reads `user_config.custom_rules`. Absent fields take `DEFAULT_USER_RULES`.
 * Throws a ConfigError that names field, expected and found; unknown fields are refused. */
export function parseUserRules(json: unknown): UserRules {
  const fields = objectOf('rules', json, Object.keys(DEFAULT_USER_RULES));
  const base = DEFAULT_USER_RULES;
  return {
    thresholdBp: whole('rules.thresholdBp', fields.thresholdBp ?? base.thresholdBp, [5_000, 9_500]),
    quorum: whole('rules.quorum', fields.quorum ?? base.quorum, [base.quorum, ROLES.length]),
    minConfidenceBp: whole('rules.minConfidenceBp', fields.minConfidenceBp ?? 0, [0, 10_000]),
    alwaysAsk: flag('rules.alwaysAsk', fields.alwaysAsk ?? base.alwaysAsk),
    askFromBp: whole('rules.askFromBp', fields.askFromBp ?? base.askFromBp, [0, 10_000]),
    allowedSymbols: symbols(fields.allowedSymbols ?? null),
    allowedSides: sides(fields.allowedSides ?? base.allowedSides),
  };
}

/** Reads `user_config.assistant_weights`: `{"strategist": 1.5}`, multipliers 0 … 10 with at
 * most four decimals, into basis points. Throws a ConfigError that names field, expected and
 * found. */
export function parseUserWeights(json: unknown): UserWeights {
  const fields = objectOf('weights', json, ROLES);
  const weights: Partial<Record<Role, number>> = {};
  for (const role of ROLES) {
    const value = fields[role];
    if (value !== undefined) weights[role] = multiplierBp(`weights.${role}`, value);
  }
  const muted = ROLES.filter((role) => weights[role] === 0);
  if (muted.length > MOST_MUTED) {
    const expected = `0 for at most ${MOST_MUTED} assistants (quorum ${DEFAULT_RULES.quorum})`;
    throw new ConfigError('weights', expected, muted.join(', '));
  }
  return weights;
}

function objectOf(
  field: string,
  json: unknown,
  known: readonly string[],
): Readonly<Record<string, unknown>> {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new ConfigError(field, 'an object', json);
  }
  for (const key of Object.keys(json)) {
    if (!known.includes(key)) {
      throw new ConfigError(`${field}.${clip(key)}`, `one of ${known.join(', ')}`, 'unknown');
    }
  }
  return json as Readonly<Record<string, unknown>>;
}

function whole(field: string, value: unknown, [low, high]: readonly [number, number]): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= low && value <= high) {
    return value;
  }
  throw new ConfigError(field, `a whole number from ${low} to ${high}`, value);
}

function flag(field: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw new ConfigError(field, 'true or false', value);
}

function multiplierBp(field: string, value: unknown): number {
  const bp = typeof value === 'number' ? Math.round(value * 10_000) : Number.NaN;
  if (bp >= 0 && bp <= 100_000 && bp / 10_000 === value) return bp;
  throw new ConfigError(field, 'a number from 0 to 10 with at most four decimals', value);
}

function symbols(value: unknown): readonly string[] | null {
  if (value === null) return null;
  const expected = `null or a list of at most ${MOST_SYMBOLS} symbols like BTC/USDT`;
  if (!Array.isArray(value) || value.length > MOST_SYMBOLS) {
    throw new ConfigError('rules.allowedSymbols', expected, value);
  }
  return value.map((item: unknown, index) => {
    if (typeof item === 'string' && isSymbol(item)) return item;
    throw new ConfigError(`rules.allowedSymbols[${index}]`, 'a symbol like BTC/USDT', item);
  });
}

function sides(value: unknown): readonly Side[] {
  const isSide = (item: unknown): item is Side => item === 'BUY' || item === 'SELL';
  if (Array.isArray(value) && value.every(isSide)) return [...new Set(value)];
  throw new ConfigError('rules.allowedSides', 'a list of BUY and SELL', value);
}

function show(found: unknown): string {
  if (typeof found === 'string') return `"${clip(found)}"`;
  if (typeof found !== 'object' || found === null) return String(found);
  return Array.isArray(found) ? `a list of ${found.length}` : 'an object';
}

function clip(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
