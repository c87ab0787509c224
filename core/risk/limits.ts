import { isSymbol } from '../market/instrument.ts';
import { isAmount } from '../market/money.ts';

/** What one user lets the ring do with their money. Basis points are integers of equity unless
 * said. Every limit with its unit, default and range: docs/limits.md. */
export interface RiskLimits {
  /** Most quote units one order may spend. Decimal string. */
  readonly maxOrderQuote: string;
  /** Most of equity in one symbol. */
  readonly maxPositionBps: number;
  /** Most of equity in all symbols, orders under way included. */
  readonly maxTotalExposureBps: number;
  /** Most of equity in this symbol and those whose returns correlate with it. */
  readonly maxCorrelatedBps: number;
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
  /** New orders in one minute of market time; one more stops the user's trading. */
  readonly maxOrdersPerMinute: number;
  /** How far an entry's reference price may be from the last stored close (of that close). */
  readonly priceBandBps: number;
  /** How many candle intervals the market data behind an entry may be old. */
  readonly maxDataAgeIntervals: number;
  /** Slippage the depth lets expect, above which an order is split or shrunk (of price). */
  readonly maxExpectedSlippageBps: number;
  /** Distance of the stop below the entry, percent of ATR. */
  readonly stopAtrPct: number;
  /** Distance of the target above the entry, percent of ATR; 0: no target. */
  readonly targetAtrPct: number;
  /** Distance of the trailing stop below the highest price (of price); 0: none. */
  readonly trailBps: number;
  /** The same in percent of ATR; 0: none. */
  readonly trailAtrPct: number;
  /** Profit from which the stop trails, percent of ATR. */
  readonly trailFromAtrPct: number;
  /** A position older than this is closed; 0: never for its age. */
  readonly timeStopMinutes: number;
  /** How long after a close nothing is bought in the symbol again. */
  readonly cooldownMinutes: number;
  /** What is bought against a fall, or null: nothing. */
  readonly hedge: HedgeRule | null;
  /** The weights a portfolio is brought back to, or null: none. */
  readonly rebalance: RebalanceRule | null;
}

export interface HedgeRule {
  /** Symbol of an instrument that rises when the others fall. */
  readonly instrument: string;
  /** Drawdown from which it is bought; it is sold once the drawdown is under half of this. */
  readonly fromDrawdownBps: number;
  /** How much of the exposure it is bought against (of exposure). */
  readonly ratioBps: number;
}

export interface RebalanceRule {
  /** Share of equity each symbol should have; a symbol not listed is left alone. */
  readonly targets: Readonly<Record<string, number>>;
  /** The sector each listed symbol belongs to. */
  readonly sectors: Readonly<Record<string, string>>;
  /** Most of equity each sector should have; scales its symbols' targets down. */
  readonly sectorTargets: Readonly<Record<string, number>>;
  /** How far a weight may drift from its target before it is traded. */
  readonly bandBps: number;
  /** Days of market time from one rebalancing to the next. */
  readonly everyDays: number;
}

export const DEFAULT_LIMITS: RiskLimits = {
  maxOrderQuote: '25000',
  maxPositionBps: 2_500,
  maxTotalExposureBps: 6_000,
  maxCorrelatedBps: 5_000,
  riskPerTradeBps: 100,
  maxDailyLossBps: 500,
  maxDrawdownBps: 2_000,
  maxVolatilityBps: 300,
  maxSlippageBps: 50,
  minNotionalMarginBps: 1_000,
  maxOrdersPerMinute: 20,
  priceBandBps: 500,
  maxDataAgeIntervals: 2,
  maxExpectedSlippageBps: 30,
  stopAtrPct: 300,
  targetAtrPct: 600,
  trailBps: 0,
  trailAtrPct: 300,
  trailFromAtrPct: 100,
  timeStopMinutes: 0,
  cooldownMinutes: 15,
  hedge: null,
  rebalance: null,
};

type Range = readonly [number, number];
type Rule = 'hedge' | 'rebalance';
export type CountLimit = Exclude<keyof RiskLimits, 'maxOrderQuote' | Rule>;

/** Inclusive ranges. The ceilings are what no user can wish away. */
export const LIMIT_RANGES = {
  maxPositionBps: [1, 10_000],
  maxTotalExposureBps: [1, 10_000],
  maxCorrelatedBps: [1, 10_000],
  riskPerTradeBps: [1, 2_000],
  maxDailyLossBps: [1, 10_000],
  maxDrawdownBps: [1, 10_000],
  maxVolatilityBps: [1, 10_000],
  maxSlippageBps: [0, 1_000],
  minNotionalMarginBps: [0, 100_000],
  maxOrdersPerMinute: [1, 600],
  priceBandBps: [1, 5_000],
  maxDataAgeIntervals: [1, 100],
  maxExpectedSlippageBps: [0, 1_000],
  stopAtrPct: [10, 5_000],
  targetAtrPct: [0, 10_000],
  trailBps: [0, 5_000],
  trailAtrPct: [0, 5_000],
  trailFromAtrPct: [0, 10_000],
  timeStopMinutes: [0, 525_600],
  cooldownMinutes: [0, 10_080],
} as const satisfies Record<CountLimit, Range>;

const HEDGE_RANGES = { fromDrawdownBps: [1, 10_000], ratioBps: [1, 10_000] } as const;
const REBALANCE_RANGES = { bandBps: [1, 5_000], everyDays: [1, 365] } as const;
const REBALANCE_DEFAULTS = { sectors: {}, sectorTargets: {}, everyDays: 7 } as const;
const REBALANCE_FIELDS = ['targets', 'sectors', 'sectorTargets', 'bandBps', 'everyDays'];
/** Symbols one portfolio can be brought back to. */
const MAX_TARGETS = 100;
const SECTOR = /^[a-z0-9][a-z0-9-]{0,39}$/;
const WEIGHT: Range = [0, 10_000];

/** A user's limits that cannot be used; `message` names every field, what was expected and
 * found. */
export class RiskLimitsError extends Error {
  override readonly name = 'RiskLimitsError';
}

/** Reads a user's stored limits. Fields left out keep their default; unknown fields are refused,
 * because a misspelt limit would otherwise protect nobody. */
export function parseRiskLimits(json: unknown): RiskLimits {
  if (!isObject(json)) {
    throw new RiskLimitsError(`risk limits: expected an object, found ${shown(json)}`);
  }
  const given = Object.entries(json);
  const faults = given.flatMap(([field, value]) => faultOf(field, value));
  if (faults.length > 0) throw new RiskLimitsError(`risk limits: ${faults.join('; ')}`);
  const limits: RiskLimits = { ...DEFAULT_LIMITS, ...Object.fromEntries(given) };
  const { rebalance, hedge, maxDrawdownBps } = limits;
  // From there on nothing is bought any more, a hedge neither: it would never be.
  if (hedge && hedge.fromDrawdownBps >= maxDrawdownBps) {
    const expected = `expected below maxDrawdownBps, ${maxDrawdownBps}`;
    throw new RiskLimitsError(
      `risk limits: hedge.fromDrawdownBps: ${expected}, found ${hedge.fromDrawdownBps}`,
    );
  }
  if (rebalance === null) return limits;
  return { ...limits, rebalance: { ...REBALANCE_DEFAULTS, ...rebalance } };
}

function faultOf(field: string, value: unknown): string[] {
  if (field === 'maxOrderQuote') {
    const right = typeof value === 'string' && isAmount(value) && !/^(-|0(\.0+)?$)/.test(value);
    return right ? [] : [`${field}: expected a positive decimal string, found ${shown(value)}`];
  }
  if (field === 'hedge') return value === null ? [] : hedgeFaults(value);
  if (field === 'rebalance') return value === null ? [] : rebalanceFaults(value);
  if (!isCount(field)) {
    return [`${field}: expected one of ${Object.keys(DEFAULT_LIMITS).join(', ')}`];
  }
  return outside(field, LIMIT_RANGES[field], value);
}

function hedgeFaults(value: unknown): string[] {
  if (!isObject(value)) return [`hedge: expected null or an object, found ${shown(value)}`];
  const ranges = Object.entries(HEDGE_RANGES);
  return [
    ...unknownFields('hedge', value, ['instrument', ...Object.keys(HEDGE_RANGES)]),
    ...notSymbol('hedge.instrument', value['instrument']),
    ...ranges.flatMap(([name, range]) => outside(`hedge.${name}`, range, value[name])),
  ];
}

function rebalanceFaults(value: unknown): string[] {
  if (!isObject(value)) return [`rebalance: expected null or an object, found ${shown(value)}`];
  const { targets, sectors = {}, sectorTargets = {}, bandBps, everyDays = 7 } = value;
  return [
    ...unknownFields('rebalance', value, REBALANCE_FIELDS),
    ...outside('rebalance.bandBps', REBALANCE_RANGES.bandBps, bandBps),
    ...outside('rebalance.everyDays', REBALANCE_RANGES.everyDays, everyDays),
    ...weightFaults('rebalance.targets', targets, notSymbol),
    ...weightFaults('rebalance.sectorTargets', sectorTargets, notSector),
    ...sectorFaults(sectors, targets),
  ];
}

type NameCheck = (path: string, name: unknown) => string[];

/** Shares of one whole: none negative, together at most everything. */
function weightFaults(path: string, value: unknown, checkName: NameCheck): string[] {
  if (!isObject(value)) return [`${path}: expected an object, found ${shown(value)}`];
  const entries = Object.entries(value);
  if (entries.length > MAX_TARGETS) return [`${path}: expected at most ${MAX_TARGETS} names`];
  const faults = entries.flatMap(([name, weight]) => [
    ...checkName(path, name),
    ...outside(`${path}.${name.slice(0, 60)}`, WEIGHT, weight),
  ]);
  const total = entries.reduce((sum, [, weight]) => sum + Number(weight), 0);
  if (faults.length === 0 && total > 10_000) {
    faults.push(`${path}: expected at most 10000 together, found ${total}`);
  }
  return faults;
}

function sectorFaults(sectors: unknown, targets: unknown): string[] {
  const path = 'rebalance.sectors';
  if (!isObject(sectors)) return [`${path}: expected an object, found ${shown(sectors)}`];
  const listed = isObject(targets) ? targets : {};
  return Object.entries(sectors).flatMap(([symbol, sector]) => [
    ...(Object.hasOwn(listed, symbol) ? [] : [`${path}: expected a target of ${shown(symbol)}`]),
    ...notSector(path, sector),
  ]);
}

function unknownFields(path: string, value: object, known: readonly string[]): string[] {
  return Object.keys(value)
    .filter((name) => !known.includes(name))
    .map((name) => `${path}.${name.slice(0, 60)}: expected one of ${known.join(', ')}`);
}

function notSymbol(path: string, value: unknown): string[] {
  return typeof value === 'string' && isSymbol(value)
    ? []
    : [`${path}: expected a symbol like BTC/USDT, found ${shown(value)}`];
}

function notSector(path: string, value: unknown): string[] {
  return typeof value === 'string' && SECTOR.test(value)
    ? []
    : [`${path}: expected a sector of a-z 0-9 -, found ${shown(value)}`];
}

function outside(path: string, [low, high]: Range, value: unknown): string[] {
  const right = Number.isInteger(value) && Number(value) >= low && Number(value) <= high;
  return right ? [] : [`${path}: expected an integer ${low} to ${high}, found ${shown(value)}`];
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCount(field: string): field is CountLimit {
  return Object.hasOwn(LIMIT_RANGES, field);
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? String(value)).slice(0, 60);
}
