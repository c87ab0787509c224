import { createHmac } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { paperControl } from '../adapters/venue/paper-control.ts';
import { paperKeys } from '../adapters/venue/paper-keys.ts';
import type { OrderOutcome } from '../core/orders/leg.ts';
import { Connections } from '../ops/cli/connections.ts';
import { patiently } from '../ops/ring/patience.ts';
import type { StackState } from '../ops/stack/control.ts';
import {
  decidedLeg,
  FUNDS,
  fundedTrader,
  INSTRUMENTS,
  orderInput,
  prepareMarket,
  type Trader,
} from '../tests/orders-samples.ts';
import { closeTimeOf } from '../tests/store-samples.ts';
import { TASK_TIMEOUT, WORKFLOWS } from '../workflows/messages.ts';

const PRICE = 50_000;
const SYMBOL = 'BTC/USDT';
/** What would only slow a bench down: a cooldown after each sale, and a fuse for people. */
const LIMITS = { maxOrderQuote: '1000', cooldownMinutes: 0, maxOrdersPerMinute: 600 } as const;

/** Traders with money and a market that stands still, on a running stack. */
export class OrderDesk {
  readonly #state: StackState;
  readonly #connections: Connections;
  #traders: readonly Trader[] = [];

  constructor(state: StackState) {
    this.#state = state;
    this.#connections = new Connections(state);
  }

  get traders(): readonly Trader[] {
    return this.#traders;
  }

  async open(traders: number): Promise<void> {
    const { db } = this.#connections;
    await prepareMarket(db);
    const control = paperControl({ url: this.#state.addresses.paperUrl, secret: this.#secret });
    await control.instruments(INSTRUMENTS);
    const closeTimeMs = closeTimeOf(30);
    const prices = { open: PRICE, high: PRICE, low: PRICE, close: PRICE, volume: 1_000_000 };
    const candle = { ...prices, openTimeMs: closeTimeMs - 59_999, closeTimeMs };
    const list: Trader[] = [];
    for (let count = 0; count < traders; count += 1) {
      const trader = await fundedTrader(db, LIMITS);
      const { userId } = trader;
      await control.deposit({ depositId: userId, account: userId, deposits: { USDT: FUNDS } });
      list.push(trader);
      const account = bareAccount(count);
      await control.deposit({ depositId: account, account, deposits: { USDT: FUNDS } });
    }
    const candles = INSTRUMENTS.map(({ symbol }) => {
      return { symbol, timeframe: '1m' as const, candle, nextOpen: PRICE };
    });
    await control.tape({ timeMs: closeTimeMs, candles });
    this.#traders = list;
  }

  /** Records a decision and takes its order to the end. Returns when that began, wall clock. */
  async trade(trader: Trader, action: 'BUY' | 'SELL'): Promise<Traded> {
    const { db, wire } = this.#connections;
    const leg = await decidedLeg(db, trader, { action });
    const client = await this.#connections.temporal();
    const decidedAtMs = Date.now();
    const handle = await client.workflow.start(WORKFLOWS.order, {
      workflowTaskTimeout: TASK_TIMEOUT,
      workflowId: wire.orderWorkflowId(leg.legId),
      taskQueue: wire.queues.order,
      args: [orderInput(wire.namespace, leg)],
    });
    const { signal } = new AbortController();
    const result = () => handle.result() as Promise<OrderOutcome>;
    const outcome = await patiently('order', result, { signal });
    return { legId: leg.legId, decidedAtMs, outcome };
  }

  /** When the venue accepted each leg's order, by its own log and the wall clock; and how many
   * orders it accepted in all, the guards' among them. */
  async accepted(): Promise<{ readonly byLeg: ReadonlyMap<string, number>; readonly all: number }> {
    const rows = await this.#connections.db
      .selectFrom('orders')
      .select(['client_order_id', 'leg_id'])
      .execute();
    const legs = new Map(rows.map((row) => [row.client_order_id, row.leg_id]));
    const byLeg = new Map<string, number>();
    let all = 0;
    const path = join(this.#state.home, 'paper', 'venue.jsonl');
    for (const text of existsSync(path) ? readFileSync(path, 'utf8').split('\n') : []) {
      if (!text.includes('"type":"order"')) continue;
      const { wallMs, order } = JSON.parse(text) as LogLine;
      all += 1;
      const leg = legs.get(order.clientOrderId);
      if (leg !== undefined && !byLeg.has(leg)) byLeg.set(leg, wallMs);
    }
    return { byLeg, all };
  }

  /** The least an order can cost: signed and accepted at the same venue, durable in its log, with
   * no book, ledger, fence or workflow behind it. Milliseconds. */
  async bare(lane: number): Promise<number> {
    const { apiKey, secret } = paperKeys(this.#secret, bareAccount(lane));
    const { paperUrl } = this.#state.addresses;
    const startedAtMs = performance.now();
    const query = new URLSearchParams({
      symbol: SYMBOL.replace('/', ''),
      side: 'BUY',
      type: 'LIMIT',
      timeInForce: 'IOC',
      quantity: '0.0002',
      price: String(PRICE * 1.01),
      timestamp: String(Date.now()),
    });
    query.set('signature', createHmac('sha256', secret).update(query.toString()).digest('hex'));
    const answer = await fetch(new URL(`/api/v3/order?${query.toString()}`, paperUrl), {
      method: 'POST',
      headers: { 'x-mbx-apikey': apiKey },
    });
    const said = await answer.text();
    if (!answer.ok) throw new Error(`the venue refused a bare order: ${said}`);
    return performance.now() - startedAtMs;
  }

  close(): Promise<void> {
    return this.#connections.close();
  }

  get #secret(): string {
    return readFileSync(this.#state.addresses.paperSecretPath, 'utf8').trim();
  }
}

/** An account at the venue that is none of our users'. */
function bareAccount(lane: number): string {
  return `bare-${lane}`;
}

interface Traded {
  readonly legId: string;
  readonly decidedAtMs: number;
  readonly outcome: OrderOutcome;
}

interface LogLine {
  readonly wallMs: number;
  readonly order: { readonly clientOrderId: string };
}
