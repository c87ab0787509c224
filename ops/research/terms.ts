import type { AccountOptions } from '../../core/backtest/account/terms.ts';
import { isAmount } from '../../core/market/money.ts';
import { firstDeposit } from '../../core/portfolio/first-deposit.ts';
import { DEFAULT_LIMITS, parseRiskLimits, type RiskLimits } from '../../core/risk/limits.ts';
import { type Conditions, DEFAULT_CONDITIONS } from '../../core/venue/conditions.ts';
import { CorroError } from '../../proto/errors.ts';
import { settingsOf } from './grid.ts';

/** What a command line says of the account; what is left out is as a replay has it. */
export interface TermFlags {
  readonly capital?: string;
  readonly feesBps?: string;
  readonly halfSpreadBps?: string;
  readonly slippage?: string;
  readonly limits?: readonly string[];
}

/** What an account is opened with, but for its markets. */
export type AccountRequest = Pick<AccountOptions, 'capital' | 'conditions' | 'limits'>;

/** Every term with its default filled in: two accounts with equal ones are the same account. */
export function fullTerms(
  { capital, conditions, limits }: AccountRequest,
  quote: string,
): Readonly<Record<string, unknown>> {
  return {
    quote,
    capital: capital?.[quote] ?? firstDeposit(quote),
    conditions: { ...DEFAULT_CONDITIONS, ...conditions },
    limits: { ...DEFAULT_LIMITS, ...limits },
  };
}

const ALL_BPS = 10_000;
/** What the paper market takes: a tenth of the price. */
const MOST_SPREAD_BPS = 1_000;

/** Reads the terms of an account. Throws `usage` and `RiskLimitsError`, naming option, expected and
 * found. */
export function accountOf(flags: TermFlags, quote: string): AccountRequest {
  const { capital, limits = [] } = flags;
  return {
    ...(capital === undefined ? {} : { capital: { [quote]: amountOf(capital) } }),
    conditions: conditionsOf(flags),
    limits: limitsOf(limits),
  };
}

function amountOf(text: string): string {
  if (isAmount(text) && Number(text) > 0) return text;
  throw new CorroError('usage', `--capital must be a positive amount like 10000, was ${text}`);
}

function conditionsOf({ feesBps, halfSpreadBps, slippage }: TermFlags): Partial<Conditions> {
  const fee = feesBps === undefined ? undefined : bps('--fees-bps', feesBps, ALL_BPS);
  const half =
    halfSpreadBps === undefined
      ? undefined
      : bps('--half-spread-bps', halfSpreadBps, MOST_SPREAD_BPS);
  return {
    ...(fee === undefined ? {} : { makerFeeBps: fee, takerFeeBps: fee }),
    ...(half === undefined ? {} : { halfSpreadBps: half }),
    ...(slippage === undefined ? {} : slippageOf(slippage)),
  };
}

/** `2:0.01`: basis points from one price level of the book to the next, and the share of a candle's
 * volume that one side of the book holds, all levels together. */
function slippageOf(text: string): Partial<Conditions> {
  const [step = '', share, ...rest] = text.split(':');
  const levelStepBps = bps('--slippage', step, MOST_SPREAD_BPS);
  if (share === undefined) return { levelStepBps };
  const depthShare = numberOf(share);
  if (rest.length === 0 && depthShare > 0 && depthShare <= 1) return { levelStepBps, depthShare };
  const expected = 'bps or bps:share, the share above 0 and at most 1';
  throw new CorroError('usage', `--slippage must be ${expected}, was ${text}`);
}

function bps(option: string, text: string, most: number): number {
  const value = numberOf(text);
  if (value >= 0 && value <= most) return value;
  const whole = most === ALL_BPS ? ' (100 %)' : '';
  throw new CorroError('usage', `${option} must be 0 to ${most} basis points${whole}, was ${text}`);
}

function numberOf(text: string): number {
  return /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
}

function limitsOf(texts: readonly string[]): Partial<RiskLimits> {
  const given = settingsOf('--limits', texts);
  const all = Object.entries(given).map(
    ([name, value]) => [name, name === 'maxOrderQuote' ? String(value) : value] as const,
  );
  const parsed = parseRiskLimits(Object.fromEntries(all));
  return Object.fromEntries(
    Object.keys(given).map((name) => [name, parsed[name as keyof RiskLimits]]),
  );
}
