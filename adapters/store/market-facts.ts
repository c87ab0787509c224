import { sql } from 'kysely';
import { TIMEFRAMES, type Timeframe } from '../../core/market/candle.ts';
import { Decimal, decimal, format } from '../../core/market/money.ts';
import type { AtRisk } from '../../core/risk/books.ts';
import { CORRELATION_CLOSES, correlationOf, isCorrelated } from '../../core/risk/correlation.ts';
import type { LastCandle, RiskFacts } from '../../core/risk/facts.ts';
import type { Owner } from './ledger.ts';
import type { Reader } from './store.ts';

/** Whose order, of what and when. */
export interface JudgedLeg extends Owner {
  readonly legId: string;
  readonly symbol: string;
  /** Unix milliseconds. */
  readonly marketTimeMs: number;
}

/** The candles a leg is judged by. */
export interface JudgedMarket {
  readonly marketVenue: string;
  readonly timeframe: string;
}

type MarketFacts = Pick<
  RiskFacts,
  'correlatedExposure' | 'marketTimeMs' | 'lastCandle' | 'cooldownUntilMs' | 'ordersLastMinute'
>;

/** How the market stands and what the user did in it last. `atRisk` is everything the user has at
 * stake besides this order. */
export async function readMarketFacts(
  db: Reader,
  leg: JudgedLeg,
  { market, atRisk }: { readonly market: JudgedMarket; readonly atRisk: readonly AtRisk[] },
): Promise<MarketFacts> {
  const { marketTimeMs } = leg;
  return {
    marketTimeMs,
    correlatedExposure: await correlatedExposure(db, { ...market, symbol: leg.symbol }, atRisk),
    lastCandle: await lastCandle(db, { ...market, symbol: leg.symbol }),
    cooldownUntilMs: await cooldownUntil(db, leg),
    ordersLastMinute: await ordersLastMinute(db, leg),
  };
}

const MINUTE_MS = 60_000;

/** Purchases: a sale takes risk away, and the fuse neither counts it nor keeps it back. */
async function ordersLastMinute(db: Reader, leg: JudgedLeg): Promise<number> {
  const { count } = await db
    .selectFrom('intents')
    .select((eb) => eb.fn.countAll<string>().as('count'))
    .where('user_id', '=', leg.userId)
    .where('market_time', '>', new Date(leg.marketTimeMs - MINUTE_MS))
    .where('market_time', '<=', new Date(leg.marketTimeMs))
    .where('side', '=', 'BUY')
    .where('leg_id', '<>', leg.legId)
    .executeTakeFirstOrThrow();
  return Number(count);
}

async function cooldownUntil(db: Reader, leg: JudgedLeg): Promise<number | null> {
  const { until } = await db
    .selectFrom('guards')
    .select((eb) => eb.fn.max('cooldown_until').as('until'))
    .where('user_id', '=', leg.userId)
    .where('venue', '=', leg.venue)
    .where('symbol', '=', leg.symbol)
    .executeTakeFirstOrThrow();
  return until?.getTime() ?? null;
}

type Series = JudgedMarket & { readonly symbol: string };

async function lastCandle(db: Reader, series: Series): Promise<LastCandle | null> {
  const row = await db
    .selectFrom('candles')
    .select(['close', 'close_time'])
    .where('venue', '=', series.marketVenue)
    .where('symbol', '=', series.symbol)
    .where('timeframe', '=', series.timeframe)
    .orderBy('open_time', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (!row) return null;
  return {
    close: format(decimal(row.close)),
    closeTimeMs: row.close_time.getTime(),
    intervalMs: TIMEFRAMES[series.timeframe as Timeframe],
  };
}

/** What is at stake in a symbol and in those that move with it. */
async function correlatedExposure(
  db: Reader,
  series: Series,
  atRisk: readonly AtRisk[],
): Promise<string> {
  let together = Decimal.of(0);
  for (const { symbol, value } of atRisk) {
    if (value.lte(0)) continue;
    const own = symbol === series.symbol;
    if (own || (await moveTogether(db, series, symbol))) together = together.plus(value);
  }
  return format(together.toDecimalPlaces(18));
}

async function moveTogether(db: Reader, series: Series, other: string): Promise<boolean> {
  const { marketVenue, timeframe, symbol } = series;
  const { rows } = await sql<{ own: string; other: string }>`
    select a.close as own, b.close as other
    from candles a join candles b
      on b.venue = a.venue and b.timeframe = a.timeframe and b.open_time = a.open_time
    where a.venue = ${marketVenue} and a.timeframe = ${timeframe}
      and a.symbol = ${symbol} and b.symbol = ${other}
    order by a.open_time desc limit ${CORRELATION_CLOSES}`.execute(db);
  const oldestFirst = rows.toReversed();
  const closes = (which: 'own' | 'other') => oldestFirst.map((row) => Number(row[which]));
  return isCorrelated(correlationOf(closes('own'), closes('other')));
}
