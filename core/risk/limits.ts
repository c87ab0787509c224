import { isAmount } from '../market/money.ts';

/** What one user lets the ring do with their money. Basis points are integers of equity unless
 * said. */
export interface RiskLimits {
  /** Most quote units one order may spend. Decimal string. */
  readonly maxOrderQuote: string;
  /** Most of equity in one symbol. */
  readonly maxPositionBps: number;
  /** Most of equity in all symbols, orders under way included. */
  readonly maxTotalExposureBps: number;
  /** Equity an order may lose when the price moves `STOP_VOLATILITIES` against it. */
  readonly riskPerTradeBps: number;
  /** No new position once equity has fallen this much since 00:00 UTC. */
  readonly maxDailyLossBps: number;
  /** No new position once equity has fallen this much from its peak. */
  readonly maxDrawdownBps: number;
  /** No new position while one candle's standard deviation of returns is above this (of price). */
  readonly maxVolatilityBps: number;
  /** How far beyond the reference price an order may trade (of price). */
  readonly maxSlippageBps: number;
  /** How far above the venue's minimum an entry must be, so that it can be sold again (of
   * minimum). */
  readonly minNotionalMarginBps: number;
}

export const DEFAULT_LIMITS: RiskLimits = {
  maxOrderQuote: '25000',
  maxPositionBps: 2_500,
  maxTotalExposureBps: 6_000,
  riskPerTradeBps: 100,
  maxDailyLossBps: 500,
  maxDrawdownBps: 2_000,
  maxVolatilityBps: 300,
  maxSlippageBps: 50,
  minNotionalMarginBps: 1_000,
};

type Count = Exclude<keyof RiskLimits, 'maxOrderQuote'>;

/** Inclusive ranges. The ceilings are what no user can wish away. */
const RANGES = {
  maxPositionBps: [1, 10_000],
  maxTotalExposureBps: [1, 10_000],
  riskPerTradeBps: [1, 2_000],
  maxDailyLossBps: [1, 10_000],
  maxDrawdownBps: [1, 10_000],
  maxVolatilityBps: [1, 10_000],
  maxSlippageBps: [0, 1_000],
  minNotionalMarginBps: [0, 100_000],
} as const satisfies Record<Count, readonly [number, number]>;

/** A user's limits that cannot be used; `message` names every field, what was expected and
 * found. */
export class RiskLimitsError extends Error {
  override readonly name = 'RiskLimitsError';
}

/** Reads a user's stored limits. Fields left out keep their default; unknown fields are refused,
 * because a misspelt limit would otherwise protect nobody. */
export function parseRiskLimits(json: unknown): RiskLimits {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new RiskLimitsError(`risk limits: expected an object, found ${shown(json)}`);
  }
  const given = Object.entries(json);
  const faults = given.flatMap(([field, value]) => faultOf(field, value));
  if (faults.length > 0) throw new RiskLimitsError(`risk limits: ${faults.join('; ')}`);
  return { ...DEFAULT_LIMITS, ...Object.fromEntries(given) };
}

function faultOf(field: string, value: unknown): string[] {
  if (field === 'maxOrderQuote') {
    const right = typeof value === 'string' && isAmount(value) && !/^(-|0(\.0+)?$)/.test(value);
    return right ? [] : [`${field}: expected a positive decimal string, found ${shown(value)}`];
  }
  if (!isCount(field)) {
    return [`${field}: expected one of ${Object.keys(DEFAULT_LIMITS).join(', ')}`];
  }
  const [low, high] = RANGES[field];
  const right = Number.isInteger(value) && Number(value) >= low && Number(value) <= high;
  return right ? [] : [`${field}: expected an integer ${low} to ${high}, found ${shown(value)}`];
}

function isCount(field: string): field is Count {
  return Object.hasOwn(RANGES, field);
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? String(value)).slice(0, 60);
}
