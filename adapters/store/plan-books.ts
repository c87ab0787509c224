import type { Instrument } from '../../core/market/instrument.ts';
import { Decimal, decimal, floorToStep, format, ratioBps } from '../../core/market/money.ts';
import { type RebalanceLeg, rebalanceLegs } from '../../core/portfolio/rebalance.ts';
import { hedgeOrder } from '../../core/risk/hedge.ts';
import { parseRiskLimits, type RiskLimits } from '../../core/risk/limits.ts';
import { readInstruments } from './instruments.ts';
import type { Owner } from './ledger.ts';
import { listOrders } from './orders.ts';
import { listPortfolios, listPositions } from './positions.ts';
import type { Reader } from './store.ts';

/** One order a plan asks for, with the price it was worked out at. */
export interface PlannedLeg extends RebalanceLeg {
  readonly referencePrice: string;
  /** When that price was, Unix milliseconds. */
  readonly closeTimeMs: number;
}

/** One user's symbol at a venue: what is held and the newest price known. */
interface Holding {
  readonly symbol: string;
  readonly instrument: Instrument;
  readonly quantity: string;
  readonly price: string;
  readonly closeTimeMs: number;
}

/** The newest limits of a user. */
export async function newestLimits(db: Reader, userId: string): Promise<RiskLimits> {
  const row = await db
    .selectFrom('user_config')
    .select('risk_limits')
    .where('user_id', '=', userId)
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst();
  return parseRiskLimits(row?.risk_limits ?? {});
}

/** What the user's hedge rule asks for now; nothing without a rule, or where the venue or the
 * market has no such instrument. */
export async function hedgeLegs(db: Reader, owner: Owner): Promise<readonly PlannedLeg[]> {
  const { hedge } = await newestLimits(db, owner.userId);
  if (hedge === null) return [];
  const holdings = await holdingsOf(db, owner, [hedge.instrument]);
  const own = holdings.find(({ symbol }) => symbol === hedge.instrument);
  if (!own) return [];
  const others = holdings.filter(
    ({ symbol, instrument }) =>
      symbol !== hedge.instrument && instrument.quote === own.instrument.quote,
  );
  const { equity, peak } = await worthOf(db, owner, { quote: own.instrument.quote, holdings });
  const order = hedgeOrder(
    {
      drawdownBps: ratioBps(peak.minus(equity), peak),
      exposure: text(sum(others.map(valueOf))),
      hedged: own.quantity,
      price: own.price,
      lotSize: own.instrument.lotSize,
    },
    hedge,
  );
  return order === null ? [] : [plannedLeg(own, { symbol: own.symbol, ...order })];
}

/** What the user's rebalancing rule asks for now, within half of the orders that the user may send
 * in a minute: the fuse is for faults. */
export async function rebalancingLegs(db: Reader, owner: Owner): Promise<readonly PlannedLeg[]> {
  const { rebalance, maxOrdersPerMinute } = await newestLimits(db, owner.userId);
  if (rebalance === null) return [];
  const holdings = await holdingsOf(db, owner, Object.keys(rebalance.targets));
  const quotes = [...new Set(holdings.map(({ instrument }) => instrument.quote))].toSorted();
  const legs: PlannedLeg[] = [];
  for (const quote of quotes) {
    const own = holdings.filter(({ instrument }) => instrument.quote === quote);
    const { equity } = await worthOf(db, owner, { quote, holdings });
    const maxLegs = Math.max(1, Math.floor(maxOrdersPerMinute / 2)) - legs.length;
    const symbols = own.map((holding) => ({ ...holding.instrument, ...holding }));
    for (const leg of rebalanceLegs({ equity: text(equity), symbols, maxLegs }, rebalance)) {
      const holding = own.find(({ symbol }) => symbol === leg.symbol) as Holding;
      legs.push(plannedLeg(holding, leg));
    }
  }
  return legs;
}

/** What a halt leaves to do for one user. */
export interface HaltWork {
  /** Client order ids of open orders to take back. */
  readonly recalls: readonly string[];
  /** Orders whose own workflow has not brought them to an end yet. */
  readonly underWay: number;
  readonly sales: readonly PlannedLeg[];
}

/** Open orders to take back (protective stops stay, unless everything is to be sold) and positions
 * to sell. A symbol that another sale is under way in is not sold yet: it holds what there is. A
 * purchase that nobody knows the end of holds nothing of it, and must not keep a position whose
 * stop is gone from being sold. */
export async function haltWork(
  db: Reader,
  owner: Owner,
  { symbol, flatten }: { readonly symbol: string | null; readonly flatten: boolean },
): Promise<HaltWork> {
  const filter = { ...owner, ...(symbol === null ? {} : { symbol }) };
  const states = ['prepared', 'sent', 'unknown', 'open'] as const;
  const live = (await listOrders(db, { ...filter, states })).filter(
    ({ purpose }) => flatten || purpose !== 'stop',
  );
  const open = live.filter(({ state }) => state === 'open');
  const selling = live.filter(({ purpose, parameters }) => {
    return parameters.side === 'SELL' && purpose !== 'stop';
  });
  const busy = new Set(selling.map(({ parameters }) => parameters.symbol));
  const holdings = flatten ? await holdingsOf(db, owner, []) : [];
  const sales = holdings
    .filter((holding) => symbol === null || holding.symbol === symbol)
    .filter((holding) => !busy.has(holding.symbol))
    .flatMap((holding) => saleOf(holding));
  return {
    recalls: open.map(({ clientOrderId }) => clientOrderId),
    underWay: live.length - open.length,
    sales,
  };
}

/** What can be sold of a holding: whole lots, worth what the venue takes. */
function saleOf(holding: Holding): readonly PlannedLeg[] {
  const { lotSize, minNotional } = holding.instrument;
  const quantity = floorToStep(decimal(holding.quantity), decimal(lotSize));
  const tooSmall = quantity.lte(0) || quantity.times(holding.price).lt(minNotional);
  if (tooSmall) return [];
  const { symbol } = holding;
  return [plannedLeg(holding, { symbol, side: 'SELL', quantity: format(quantity) })];
}

function plannedLeg({ price, closeTimeMs }: Holding, leg: RebalanceLeg): PlannedLeg {
  const { symbol, side, quantity } = leg;
  return { symbol, side, quantity, referencePrice: price, closeTimeMs };
}

/** Everything the user holds, and the listed symbols, as far as the venue trades them and a price
 * is known. */
async function holdingsOf(
  db: Reader,
  owner: Owner,
  listed: readonly string[],
): Promise<readonly Holding[]> {
  const positions = await listPositions(db, owner);
  const instruments = await readInstruments(db, owner.venue);
  const wanted = instruments.filter(
    ({ symbol }) =>
      listed.includes(symbol) || positions.some((position) => position.symbol === symbol),
  );
  const holdings: Holding[] = [];
  for (const instrument of wanted) {
    const { symbol } = instrument;
    const position = positions.find((one) => one.symbol === symbol);
    const candle = await newestCandle(db, { venue: owner.venue, symbol });
    const known =
      candle ??
      (position && { price: position.currentPrice, closeTimeMs: position.marketTimeMs }) ??
      null;
    if (known === null) continue;
    holdings.push({ symbol, instrument, quantity: position?.quantity ?? '0', ...known });
  }
  return holdings;
}

async function newestCandle(
  db: Reader,
  { venue, symbol }: { readonly venue: string; readonly symbol: string },
): Promise<Pick<Holding, 'price' | 'closeTimeMs'> | null> {
  const row = await db
    .selectFrom('candles')
    .select(['close', 'close_time'])
    .where('venue', '=', venue)
    .where('symbol', '=', symbol)
    .orderBy('close_time', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row ? { price: format(decimal(row.close)), closeTimeMs: row.close_time.getTime() } : null;
}

/** A user's money of one quote asset and what is held for it, at the newest prices. */
async function worthOf(
  db: Reader,
  owner: Owner,
  { quote, holdings }: { readonly quote: string; readonly holdings: readonly Holding[] },
): Promise<{ readonly equity: Decimal; readonly peak: Decimal }> {
  const portfolio = (await listPortfolios(db, owner)).find((one) => one.quote === quote);
  if (!portfolio) return { equity: Decimal.of(0), peak: Decimal.of(0) };
  const held = holdings.filter(({ instrument }) => instrument.quote === quote).map(valueOf);
  const equity = decimal(portfolio.available).plus(portfolio.locked).plus(sum(held));
  return { equity, peak: Decimal.max(decimal(portfolio.peak), equity) };
}

function valueOf({ quantity, price }: Holding): Decimal {
  return decimal(quantity).times(price);
}

function sum(values: readonly Decimal[]): Decimal {
  return values.reduce((total, value) => total.plus(value), Decimal.of(0));
}

function text(value: Decimal): string {
  return format(value.toDecimalPlaces(18));
}
