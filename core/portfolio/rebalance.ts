import {
  basisPointsOf,
  type Decimal,
  decimal,
  floorToStep,
  format,
  positive,
} from '../market/money.ts';
import type { RebalanceRule } from '../risk/limits.ts';

/** One listed symbol as the books and the market have it. Decimal strings. */
export interface Weighed {
  readonly symbol: string;
  /** Base units held. */
  readonly quantity: string;
  /** Quote per base. */
  readonly price: string;
  readonly lotSize: string;
  /** Quote units. */
  readonly minNotional: string;
}

export interface RebalanceLeg {
  readonly symbol: string;
  readonly side: 'BUY' | 'SELL';
  /** Base units, a multiple of the lot. */
  readonly quantity: string;
}

export interface RebalanceFacts {
  /** Cash and positions, quote units. */
  readonly equity: string;
  readonly symbols: readonly Weighed[];
  /** Legs at most: those with the largest drift are taken. */
  readonly maxLegs: number;
}

/** The orders that bring a portfolio back to its target weights: sales first, because they bring
 * the cash the purchases need, and the largest drift first. A weight within the band of its target
 * is left alone, and so is a symbol without a target. What is worth less than the venue's minimum
 * is not traded. Limits are for the order path to keep: it cuts what goes beyond. */
export function rebalanceLegs(facts: RebalanceFacts, rule: RebalanceRule): readonly RebalanceLeg[] {
  const equity = decimal(facts.equity, 'equity');
  if (equity.lte(0)) return [];
  const targets = targetWeights(rule);
  const band = basisPointsOf(equity, rule.bandBps);
  const drifts = facts.symbols.flatMap((one) => {
    const target = targets.get(one.symbol);
    if (target === undefined) return [];
    const worth = decimal(one.quantity, 'quantity').times(positive(one.price, 'price'));
    const drift = basisPointsOf(equity, target).minus(worth);
    const leg = drift.abs().gt(band) ? legOf(one, drift) : null;
    return leg === null ? [] : [{ leg, size: drift.abs() }];
  });
  const largest = drifts.toSorted(
    (a, b) => b.size.comparedTo(a.size) || (a.leg.symbol < b.leg.symbol ? -1 : 1),
  );
  const legs = largest.slice(0, facts.maxLegs).map(({ leg }) => leg);
  return [
    ...legs.filter(({ side }) => side === 'SELL'),
    ...legs.filter(({ side }) => side === 'BUY'),
  ];
}

/** Each listed symbol's share of equity: its target, scaled down where its sector would have more
 * than the sector's own. Basis points, rounded down. */
export function targetWeights(rule: RebalanceRule): ReadonlyMap<string, number> {
  const { targets, sectors, sectorTargets } = rule;
  const inSector = new Map<string, number>();
  for (const [symbol, weight] of Object.entries(targets)) {
    const sector = sectors[symbol];
    if (sector !== undefined) inSector.set(sector, (inSector.get(sector) ?? 0) + weight);
  }
  return new Map(
    Object.entries(targets).map(([symbol, weight]) => {
      const sector = sectors[symbol] ?? '';
      const wanted = inSector.get(sector) ?? 0;
      const allowed = sectorTargets[sector] ?? wanted;
      return [symbol, wanted > allowed ? Math.floor((weight * allowed) / wanted) : weight];
    }),
  );
}

const DAY_MS = 86_400_000;
/** 1970-01-01 was a Thursday: three days later weeks begin on Mondays. */
const MONDAY_OFFSET_DAYS = 3;

/** Which period of `everyDays` days a market time is in; each is rebalanced once. Periods of seven
 * days begin on Mondays, 00:00 UTC. */
export function rebalancePeriod(marketTimeMs: number, everyDays: number): number {
  return Math.floor((Math.floor(marketTimeMs / DAY_MS) + MONDAY_OFFSET_DAYS) / everyDays);
}

function legOf(one: Weighed, drift: Decimal): RebalanceLeg | null {
  const lot = positive(one.lotSize, 'lotSize');
  const price = positive(one.price, 'price');
  const quantity = floorToStep(drift.abs().div(price), lot);
  if (quantity.lte(0) || quantity.times(price).lt(one.minNotional)) return null;
  return { symbol: one.symbol, side: drift.gt(0) ? 'BUY' : 'SELL', quantity: format(quantity) };
}
