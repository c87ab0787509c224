import type { Violation } from './finding.ts';
import { type Fixed, fixed, isFixed, plain, times, worth } from './fixed.ts';
import type { Line } from './venue-lines.ts';

/** An order as the venue accepted it. */
export interface VenueOrder {
  readonly n: number;
  readonly wallMs: number;
  readonly orderId: string;
  readonly account: string;
  readonly clientOrderId: string;
  readonly symbol: string;
  readonly side: string;
  readonly type: string;
  readonly timeInForce: string;
  readonly price: string | null;
  readonly stopPrice: string | null;
  readonly quantity: string;
  readonly timeMs: number;
  executed: Fixed;
  /** Quote units that changed hands. */
  quoted: Fixed;
}

/** One trade, and how its account stood right after it. */
export interface VenueTrade {
  readonly n: number;
  readonly wallMs: number;
  readonly tradeId: string;
  readonly order: VenueOrder;
  readonly price: string;
  readonly quantity: string;
  readonly fee: string;
  readonly feeAsset: string;
  readonly timeMs: number;
  /** Steps of the symbol's tape before it. */
  readonly step: number;
  /** Quote units: all the account has, what it holds of this symbol, what it holds of all. */
  readonly equity: Fixed;
  readonly position: Fixed;
  readonly exposure: Fixed;
}

/** The venue's books, recomputed from its log: its trades and deposits are believed, its balances
 * are compared with them. */
export class VenueBooks {
  /** Lines read so far. */
  lines = 0;
  /** Lines that had been read when our database was looked at: what they say must be in it. */
  before = 0;
  readonly orders: VenueOrder[] = [];
  readonly trades: VenueTrade[] = [];
  /** `account asset` → paid in, all together, and when the newest was. */
  readonly deposits = new Map<string, { total: Fixed; wallMs: number; n: number }>();
  /** `account asset` → all the account has of it. */
  readonly totals = new Map<string, Fixed>();
  readonly faults: Violation[] = [];
  readonly #byOrderId = new Map<string, VenueOrder>();
  readonly #steps = new Map<string, number>();
  readonly #prices = new Map<string, Fixed>();

  take(line: Line): void {
    const n = Number(line['n'] ?? Number.NaN);
    if (n <= this.lines) return;
    if (n !== this.lines + 1) {
      this.faults.push({ id: `line ${this.lines + 1}`, text: 'is missing from the log' });
    }
    this.lines = Number.isFinite(n) ? n : this.lines + 1;
    try {
      this.#apply(line);
    } catch (error) {
      this.faults.push({ id: `line ${this.lines}`, text: `cannot be: ${String(error)}` });
    }
  }

  /** Tape steps of a symbol since a trade: how often the market has moved on. */
  stepsSince(trade: VenueTrade): number {
    return (this.#steps.get(trade.order.symbol) ?? 0) - trade.step;
  }

  #apply(line: Line): void {
    if (line['type'] === 'order') this.#order(line);
    if (line['type'] === 'deposit') this.#deposit(line);
    for (const trade of listOf(line['trades'])) this.#trade(line, trade);
    this.#compareBalances(line);
    if (line['type'] === 'tape') for (const move of listOf(line['moves'])) this.#move(move);
  }

  #order(line: Line): void {
    const terms = line['order'] as Line;
    const order: VenueOrder = {
      n: this.lines,
      wallMs: Number(line['wallMs']),
      orderId: String(terms['orderId']),
      account: String(terms['account']),
      clientOrderId: String(terms['clientOrderId']),
      symbol: String(terms['symbol']),
      side: String(terms['side']),
      type: String(terms['type']),
      timeInForce: String(terms['timeInForce']),
      price: textOf(terms['price']),
      stopPrice: textOf(terms['stopPrice']),
      quantity: String(terms['quantity']),
      timeMs: Number(terms['timeMs']),
      executed: 0n,
      quoted: 0n,
    };
    this.orders.push(order);
    this.#byOrderId.set(order.orderId, order);
  }

  #deposit(line: Line): void {
    const account = String(line['account']);
    for (const [asset, amount] of Object.entries(line['deposits'] as Line)) {
      const key = `${account} ${asset}`;
      const paid = fixed(String(amount));
      const total = (this.deposits.get(key)?.total ?? 0n) + paid;
      this.deposits.set(key, { total, wallMs: Number(line['wallMs']), n: this.lines });
      this.#add(key, paid);
    }
  }

  #trade(line: Line, told: Line): void {
    const order = this.#byOrderId.get(String(told['orderId']));
    if (order === undefined)
      throw new Error(`a trade of order ${String(told['orderId'])}, never accepted`);
    const { account, symbol } = order;
    const [base = '', quote = ''] = symbol.split('/');
    const [price, quantity, fee, feeAsset] = ['price', 'quantity', 'fee', 'feeAsset'].map((key) =>
      String(told[key]),
    ) as [string, string, string, string];
    if (![told['price'], told['quantity'], told['fee']].every(isFixed)) {
      throw new TypeError('money must be decimal strings');
    }
    const amount = fixed(quantity);
    const paid = times(amount, fixed(price));
    const sign = order.side === 'BUY' ? 1n : -1n;
    order.executed += amount;
    order.quoted += paid;
    this.#add(`${account} ${base}`, sign * amount);
    this.#add(`${account} ${quote}`, -sign * paid);
    this.#add(`${account} ${feeAsset}`, -fixed(fee));
    this.#prices.set(symbol, fixed(price));
    this.trades.push({
      n: this.lines,
      wallMs: Number(line['wallMs']),
      tradeId: String(told['tradeId']),
      order,
      price,
      quantity,
      fee,
      feeAsset,
      timeMs: Number(told['timeMs']),
      step: this.#steps.get(symbol) ?? 0,
      ...this.#standing(account, { base, quote }),
    });
  }

  #standing(account: string, { base, quote }: { readonly base: string; readonly quote: string }) {
    let exposure = 0n;
    let position = 0n;
    for (const [symbol, price] of this.#prices) {
      const [held = '', counted] = symbol.split('/');
      const amount = this.totals.get(`${account} ${held}`);
      if (counted !== quote || amount === undefined) continue;
      const value = worth(amount, price);
      exposure += value;
      if (held === base) position = value;
    }
    return {
      position,
      exposure,
      equity: exposure + (this.totals.get(`${account} ${quote}`) ?? 0n),
    };
  }

  #move(move: Line): void {
    const symbol = String(move['symbol']);
    this.#steps.set(symbol, (this.#steps.get(symbol) ?? 0) + 1);
    const close = Number((move['candle'] as Line | undefined)?.['close']);
    if (close > 0 && close < 1e20) this.#prices.set(symbol, fixed(close.toFixed(18)));
  }

  #compareBalances(line: Line): void {
    const balances = line['balances'];
    if (Array.isArray(balances)) {
      const order = line['order'] as Line | undefined;
      const named = textOf(line['account']) ?? textOf(order?.['account']);
      const account = named ?? this.#byOrderId.get(String(line['orderId']))?.account;
      if (account !== undefined) this.#compare(account, balances);
      return;
    }
    for (const [account, rows] of Object.entries((balances ?? {}) as Line)) {
      if (Array.isArray(rows)) this.#compare(account, rows);
    }
  }

  #compare(account: string, rows: readonly unknown[]): void {
    for (const row of rows) {
      if (!Array.isArray(row)) continue;
      const [asset, free, locked] = row.map(String);
      const told = fixed(free ?? '') + fixed(locked ?? '');
      const own = this.totals.get(`${account} ${asset}`) ?? 0n;
      if (told === own) continue;
      this.faults.push({
        id: `line ${this.lines}`,
        text: `says ${plain(told)} ${asset} for ${account}; its trades make ${plain(own)}`,
      });
      // Told once: from here on its own word is the measure.
      this.totals.set(`${account} ${asset}`, told);
    }
  }

  #add(key: string, amount: Fixed): void {
    this.totals.set(key, (this.totals.get(key) ?? 0n) + amount);
  }
}

function listOf(value: unknown): readonly Line[] {
  return Array.isArray(value) ? (value as readonly Line[]) : [];
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
