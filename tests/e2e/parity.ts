import { readCandleFile } from '../../adapters/tape/tape.ts';
import { Council } from '../../core/backtest/council.ts';
import type { BacktestResult } from '../../core/backtest/result.ts';
import { simulate } from '../../core/backtest/simulate.ts';
import { decimal, format } from '../../core/market/money.ts';
import { tapeSource } from '../../ops/ring/tape-source.ts';
import type { Corro } from './corro.ts';

/** What a run decided and traded, in a form that a run of the servers and one in this process
 * share. Every list in one order; no ids, no wall clock. */
export interface Traded {
  readonly decisions: readonly string[];
  /** Every order that was sent, guards' too. */
  readonly orders: readonly string[];
  readonly fills: readonly string[];
  /** What the risk rules said to every decision's order that was not sent. */
  readonly refused: readonly string[];
}

type Row = Readonly<Record<string, string | number | boolean | Date | null>>;

const DECISIONS = `select d.symbol, d.close_time, m.trigger, d.verdict, d.action, d.confidence_bp,
    exists (select from escalations e where e.decision_id = d.id) as asked,
    exists (select from intents i where i.decision_id = d.id)
      or exists (select from audit a where a.act = 'order-refused'
        and a.body->'cause'->>'id' = d.id) as ordered
  from decisions d join motions m using (event_id)`;

const ORDERS = `select i.symbol, i.side, i.purpose, i.market_time, i.quantity, i.limit_price,
    i.stop_price, i.estimated_price, o.executed_quantity
  from orders o join intents i using (leg_id)`;

const FILLS = `select f.symbol, f.side, i.purpose, f.market_time, f.quantity, f.price, f.fee,
    f.fee_asset
  from fills f join orders o using (client_order_id) join intents i using (leg_id)`;

const REFUSED = `select body->>'symbol' as symbol, body->>'side' as side, body->>'text' as text
  from audit where act = 'order-refused' and body->'cause'->>'kind' = 'decision'`;

/** What the servers of a home have on record. */
export async function tradedByServers(corro: Corro): Promise<Traded> {
  const lines = async (sql: string): Promise<string[]> =>
    (await corro.sql<Row>(sql)).map((row) => Object.values(row).map(text).join(' ')).sort();
  return {
    decisions: await lines(DECISIONS),
    orders: await lines(ORDERS),
    fills: await lines(FILLS),
    refused: await lines(REFUSED),
  };
}

export interface Window {
  readonly fromMs?: number;
  readonly toMs?: number;
}

/** The same files in this process. */
export async function tradedInProcess(
  files: readonly string[],
  window: Window = {},
): Promise<Traded> {
  return tradedOf(await backtest(files, window));
}

async function backtest(files: readonly string[], window: Window): Promise<BacktestResult> {
  const tapes = await Promise.all(files.map((file) => readCandleFile(file, window)));
  const { instruments } = tapeSource(tapes, 'max');
  const series = tapes.map(({ symbol, timeframe, candles }) => {
    const instrument = instruments.find((one) => one.symbol === symbol);
    if (!instrument) throw new Error(`${symbol} must be an instrument of its tape`);
    return { instrument, timeframe, candles };
  });
  return simulate({ series, strategy: new Council({ gear: 'lean' }), gear: 'lean' });
}

function tradedOf({ decisions, orders, fills }: BacktestResult): Traded {
  const line = (...values: Row[string][]) => values.map(text).join(' ');
  const sent = orders.filter(({ quantity }) => quantity !== null);
  return {
    decisions: decisions
      .map(({ symbol, closeTimeMs, council, action, confidenceBp, followUp }) => {
        const { trigger = '', verdict = '' } = council ?? {};
        const follows = [followUp.kind === 'escalate', followUp.kind === 'order'];
        const close = new Date(closeTimeMs);
        return line(symbol, close, trigger, verdict, action, confidenceBp, ...follows);
      })
      .sort(),
    orders: sent
      .map(({ symbol, side, purpose, decidedAtMs, quantity, limitPrice, ...order }) => {
        const { stopPrice, estimatedPrice, executedQuantity } = order;
        const terms = [quantity, limitPrice, stopPrice, estimatedPrice, executedQuantity];
        return line(symbol, side, purpose, new Date(decidedAtMs), ...terms);
      })
      .sort(),
    fills: fills
      .map(({ symbol, side, purpose, timeMs, quantity, price, fee, feeAsset }) => {
        return line(symbol, side, purpose, new Date(timeMs), quantity, price, fee, feeAsset);
      })
      .sort(),
    refused: orders
      .filter(({ quantity, purpose }) => quantity === null && DECIDED.includes(purpose))
      .map(({ symbol, side, reason }) => line(symbol, side, reason))
      .sort(),
  };
}

/** Purposes of a decision's own orders. */
const DECIDED = ['entry', 'exit'];

const PLAIN = /^-?\d+(\.\d+)?$/;

function text(value: Row[string]): string {
  if (value instanceof Date) return value.toISOString();
  const shown = String(value);
  return typeof value === 'string' && PLAIN.test(shown) ? format(decimal(shown)) : shown;
}
