import { canonicalJson } from '../canonical.ts';
import { TIMEFRAMES } from '../market/candle.ts';
import { settle, Wallet } from './accounts.ts';
import { type Amount, amount } from './decimals.ts';
import type { MarketEvent, TapeMove, TradeRow } from './events.ts';
import type { Match, Passing } from './matching.ts';
import { type OrderRecord, questionPrint, type SymbolState, type VenueState } from './state.ts';
import { matchPassing } from './stops.ts';

/** A control request the venue cannot follow; `status` is the HTTP status of the answer. */
export class ControlError extends Error {
  readonly status: number;
  constructor(status: number, text: string) {
    super(text);
    this.name = 'ControlError';
    this.status = status;
  }
}

export interface TapeRequest {
  readonly timeMs: number;
  readonly moves: readonly TapeMove[];
}

type TapeEvent = MarketEvent & { readonly type: 'tape' };

/** What one close does to the market and to the orders that rest in it; `null` when all of it has
 * happened before. Changes nothing. Throws `ControlError` when the tape would go backward. */
export function decideTape(state: VenueState, request: TapeRequest): TapeEvent | null {
  const { timeMs } = request;
  const moves = request.moves.filter((move) => isNews(state, move));
  const stands = state.tapeTimeMs;
  if (stands !== null && timeMs < stands) {
    if (moves.length === 0) return null;
    throw new ControlError(
      409,
      `the tape must not go backward: it stands at ${iso(stands)}, was asked for ${iso(timeMs)}`,
    );
  }
  if (moves.length === 0) return null;
  const desk = new Desk(state, timeMs);
  for (const move of leading(state, moves)) {
    const symbol = state.symbol(move.symbol);
    if (symbol) desk.pass(symbol, move);
  }
  const { triggered, trades } = desk;
  const set = triggered.size > 0 ? { triggered: [...triggered] } : {};
  return { type: 'tape', timeMs, moves, ...set, trades, balances: desk.balances() };
}

/** False for a candle the venue has seen, word for word: a driver that was killed stores candles in
 * batches, and comes back with some that it had told. Throws for one it can no longer take. */
function isNews(state: VenueState, move: TapeMove): boolean {
  if (!state.symbol(move.symbol)) {
    const known = state.symbols().map(({ instrument }) => instrument.symbol);
    throw new ControlError(
      404,
      `no instrument ${move.symbol}; known: ${known.join(', ') || 'none'}`,
    );
  }
  const last = state.history.last(move.symbol, move.timeframe);
  if (!last || last.openTimeMs < move.candle.openTimeMs) return true;
  const seen = state.history.openedAt(move.symbol, move.timeframe, move.candle.openTimeMs);
  if (seen && canonicalJson(seen) === canonicalJson(move.candle)) return false;
  throw new ControlError(
    409,
    `candles of ${move.symbol} ${move.timeframe} must open after ${iso(last.openTimeMs)}, ` +
      `was ${iso(move.candle.openTimeMs)}`,
  );
}

/** One move per symbol: that of its finest timeframe, when that one closes now. */
function leading(state: VenueState, moves: readonly TapeMove[]): readonly TapeMove[] {
  const finest = new Map<string, TapeMove>();
  for (const move of moves) {
    const other = finest.get(move.symbol);
    if (other && TIMEFRAMES[other.timeframe] <= TIMEFRAMES[move.timeframe]) continue;
    finest.set(move.symbol, move);
  }
  return [...finest.values()].filter((move) => state.history.leads(move.symbol, move.timeframe));
}

/** Fills the resting orders of one close and sets its stops off, with one wallet per account. */
class Desk {
  readonly trades: TradeRow[] = [];
  readonly triggered = new Set<number>();
  readonly #state: VenueState;
  readonly #timeMs: number;
  readonly #wallets = new Map<string, Wallet>();
  readonly #executed = new Map<number, Amount>();
  readonly #nextTradeIds = new Map<string, number>();

  constructor(state: VenueState, timeMs: number) {
    this.#state = state;
    this.#timeMs = timeMs;
  }

  /** The candle itself, as far as it is believed. The open that follows it fills what rests when
   * its own candle passes: who decides at this close must not see it in their books. */
  pass(symbol: SymbolState, { candle }: TapeMove): void {
    const { open, high, low } = questionPrint(symbol, candle)?.believed ?? candle;
    const available = amount(candle.volume).times(this.#state.conditions.restingShare);
    this.#fill(symbol, { open, high, low, available });
  }

  balances(): TapeEvent['balances'] {
    return Object.fromEntries(
      [...this.#wallets].map(([account, wallet]) => [account, wallet.rows()]),
    );
  }

  #fill(symbol: SymbolState, passing: Passing): void {
    const records = [...this.#state.open.values()].filter(
      ({ terms }) => terms.symbol === symbol.instrument.symbol,
    );
    const open = records
      .map((record) => ({
        orderId: record.terms.orderId,
        side: record.terms.side,
        limitPrice: amount(record.terms.price ?? '0'),
        stopPrice: this.#waitsFor(record),
        left: amount(record.terms.quantity).minus(this.#executedOf(record)),
      }))
      .filter(({ left }) => left.gt(0));
    const resting = open.filter(({ stopPrice }) => stopPrice === null);
    const stops = open.flatMap((order) => {
      const { stopPrice } = order;
      return stopPrice === null ? [] : { ...order, stopPrice };
    });
    const passed = matchPassing({ resting, stops }, passing, symbol.steps);
    for (const orderId of passed.triggered) this.triggered.add(orderId);
    for (const record of records) {
      const { orderId } = record.terms;
      const maker = passed.makers.get(orderId);
      const taker = passed.takers.get(orderId);
      if (maker) this.#settle(symbol, record, { ...maker, maker: true });
      if (taker) this.#settle(symbol, record, { ...taker, maker: false });
    }
  }

  /** The stop that must still be reached; `null` for an order that works. */
  #waitsFor({ terms, workingTimeMs }: OrderRecord): Amount | null {
    if (workingTimeMs !== null || this.triggered.has(terms.orderId)) return null;
    return terms.stopPrice === undefined ? null : amount(terms.stopPrice);
  }

  #settle(
    symbol: SymbolState,
    record: OrderRecord,
    match: Match & { readonly maker: boolean },
  ): void {
    const { terms } = record;
    const { makerFeeBps, takerFeeBps } = this.#state.conditions;
    const { fee, feeAsset } = settle(this.#wallet(terms.account), {
      pair: symbol.instrument,
      side: terms.side,
      match,
      lockedAt: amount(terms.price ?? '0'),
      feeBps: match.maker ? makerFeeBps : takerFeeBps,
    });
    const tradeId = this.#nextTradeIds.get(terms.symbol) ?? symbol.nextTradeId;
    this.#nextTradeIds.set(terms.symbol, tradeId + 1);
    this.#executed.set(terms.orderId, this.#executedOf(record).plus(match.quantity));
    this.trades.push({
      tradeId,
      orderId: terms.orderId,
      price: match.price.toFixed(),
      quantity: match.quantity.toFixed(),
      fee: fee.toFixed(),
      feeAsset,
      maker: match.maker,
      timeMs: this.#timeMs,
    });
  }

  #executedOf(record: OrderRecord): Amount {
    return this.#executed.get(record.terms.orderId) ?? record.executed;
  }

  #wallet(account: string): Wallet {
    const known = this.#wallets.get(account);
    if (known) return known;
    const wallet = new Wallet(this.#state.accounts.balances(account));
    this.#wallets.set(account, wallet);
    return wallet;
  }
}

function iso(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
