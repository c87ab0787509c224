import { Decimal, decimal, divide, format, MAX_SCALE } from '../../market/money.ts';
import type { FillRecord, Trade } from '../result.ts';

interface Sums {
  quantity: Decimal;
  worth: Decimal;
}

interface OpenTrade {
  readonly symbol: string;
  readonly openedAtMs: number;
  readonly entries: Sums;
  readonly exits: Sums;
  /** What was paid and received, fees in the quote asset included. */
  paid: Decimal;
  received: Decimal;
  fees: Decimal;
  held: Decimal;
  largest: Decimal;
  endedBy: string;
}

const NOTHING = Decimal.of(0);

/** Trades of one symbol each: from the fill that opened a position to the one that left less than a
 * lot of it. Profit is what came in less what went out, so that all profits together are what the
 * cash has changed by. */
export class TradeBook {
  readonly #open = new Map<string, OpenTrade>();
  readonly #ended: Trade[] = [];

  get ended(): readonly Trade[] {
    return this.#ended;
  }

  /** `base` is the asset bought; `sellable` what can be sold after this fill, base units. */
  add(fill: FillRecord, base: string, sellable: string): void {
    const { symbol, side, timeMs } = fill;
    const trade = this.#open.get(symbol) ?? begun(symbol, timeMs);
    this.#open.set(symbol, trade);
    const quantity = decimal(fill.quantity);
    const worth = quantity.times(fill.price);
    const inBase = fill.feeAsset === base;
    const fee = decimal(fill.fee);
    const quoteFee = inBase ? NOTHING : fee;
    const baseFee = inBase ? fee : NOTHING;
    const sums = side === 'BUY' ? trade.entries : trade.exits;
    sums.quantity = sums.quantity.plus(quantity);
    sums.worth = sums.worth.plus(worth);
    trade.fees = trade.fees.plus(inBase ? fee.times(fill.price) : fee);
    if (side === 'BUY') trade.paid = trade.paid.plus(worth).plus(quoteFee);
    else trade.received = trade.received.plus(worth).minus(quoteFee);
    const moved = side === 'BUY' ? quantity.minus(baseFee) : quantity.plus(baseFee).neg();
    trade.held = trade.held.plus(moved);
    trade.largest = Decimal.max(trade.largest, trade.held);
    trade.endedBy = fill.purpose;
    if (side === 'BUY' || sellable !== '0') return;
    this.#ended.push(tradeOf(trade, timeMs));
    this.#open.delete(symbol);
  }

  /** Ends what is open as if it were sold at these prices; nothing is charged for that. */
  finish(closeOf: (symbol: string) => string): void {
    for (const trade of this.#open.values()) {
      const worth = trade.held.times(closeOf(trade.symbol));
      trade.exits.quantity = trade.exits.quantity.plus(trade.held);
      trade.exits.worth = trade.exits.worth.plus(worth);
      trade.received = trade.received.plus(worth);
      trade.endedBy = 'open';
      this.#ended.push(tradeOf(trade, null));
    }
    this.#open.clear();
  }
}

function begun(symbol: string, openedAtMs: number): OpenTrade {
  return {
    ...{ symbol, openedAtMs },
    entries: { quantity: NOTHING, worth: NOTHING },
    exits: { quantity: NOTHING, worth: NOTHING },
    ...{ paid: NOTHING, received: NOTHING, fees: NOTHING, held: NOTHING, largest: NOTHING },
    endedBy: '',
  };
}

function tradeOf(trade: OpenTrade, closedAtMs: number | null): Trade {
  const profit = trade.received.minus(trade.paid);
  return {
    ...{ symbol: trade.symbol, openedAtMs: trade.openedAtMs, closedAtMs },
    quantity: format(trade.largest),
    entryPrice: average(trade.entries),
    exitPrice: average(trade.exits),
    fees: format(trade.fees.toDecimalPlaces(MAX_SCALE)),
    profit: format(profit.toDecimalPlaces(MAX_SCALE)),
    return: trade.paid.gt(0) ? profit.div(trade.paid).toNumber() : 0,
    endedBy: trade.endedBy,
  };
}

function average({ quantity, worth }: Sums): string {
  return quantity.gt(0) ? format(divide(worth, quantity)) : '0';
}
