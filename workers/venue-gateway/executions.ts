import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import type { Logger } from 'pino';
import type { Bus } from '../../adapters/bus/connect.ts';
import type { Reader } from '../../adapters/store/store.ts';
import { decimalText } from '../../adapters/venue/decimal-text.ts';
import type { Exchange } from '../../adapters/venue/exchange.ts';
import { sideFrom, statusNamed, textFrom } from '../../adapters/venue/from-ccxt.ts';
import type { Wire } from '../../proto/subjects.ts';
import { EXECUTION_CODEC } from '../../proto/venue.ts';
import type { Execution, Trade } from '../../proto/venue-messages.ts';
import type { Client, Clients } from './clients.ts';

const BACKOFF_MS = { first: 500, most: 30_000 };
/** Streams held at once: below the number of accounts whose clients are kept. What nobody listens
 * to the queries find. */
const MOST_FOLLOWED = 150;
const MOST_REMEMBERED = 50;

type Report = Readonly<Record<string, unknown>>;

/** Listens to the user stream of every account that trades and publishes each change of an order to
 * `<namespace>.venue.<venue>.executions.<symbol>`. A second witness: what it misses, the queries
 * find. */
export class Executions {
  readonly #clients: Clients;
  readonly #publish: (execution: Execution) => void;
  readonly #log: Logger;
  readonly #followed = new Set<string>();
  readonly #ended = new AbortController();

  constructor(
    clients: Clients,
    line: { readonly bus: Bus; readonly wire: Wire; readonly venue: string },
    log: Logger,
  ) {
    const { bus, wire, venue } = line;
    this.#clients = clients;
    this.#log = log;
    this.#publish = (execution) => {
      const subject = wire.executions(venue, execution.symbol);
      if (bus.link.up && !bus.connection.isClosed()) {
        bus.connection.publish(subject, EXECUTION_CODEC.encode(execution));
      }
    };
  }

  get size(): number {
    return this.#followed.size;
  }

  /** Starts listening for an account; a second call changes nothing. */
  follow(account: string): void {
    if (this.#followed.has(account) || this.#ended.signal.aborted) return;
    if (this.#followed.size >= MOST_FOLLOWED) return;
    this.#followed.add(account);
    void this.#listen(account);
  }

  close(): void {
    this.#ended.abort();
  }

  async #listen(account: string): Promise<void> {
    const { signal } = this.#ended;
    let tapped: Client | null = null;
    for (let failures = 0; !signal.aborted; ) {
      try {
        const client = await this.#clients.account(account);
        if (client !== tapped) this.#tap(client.venue.exchange, account);
        tapped = client;
        await client.venue.exchange.watchOrders();
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        const waitMs = Math.min(BACKOFF_MS.first * 2 ** failures, BACKOFF_MS.most);
        failures += 1;
        this.#log.warn({ err: error, waitMs }, 'the user stream broke');
        await sleep(waitMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  /** ccxt folds reports into orders and keeps the last one only; each report is read as it arrives.
   */
  #tap(exchange: Exchange, account: string): void {
    const client = exchange as Exchange & {
      handleOrderUpdate?: (socket: unknown, message: Report) => void;
    };
    const original = client.handleOrderUpdate?.bind(exchange);
    if (!original) return;
    client.handleOrderUpdate = (socket, message) => {
      try {
        this.#publish(executionFrom(exchange, account, message));
      } catch (error) {
        this.#log.warn({ err: error }, 'an execution report could not be read');
      }
      try {
        original(socket, message);
      } catch (error) {
        this.#log.warn({ err: error }, 'an execution report could not be kept');
      }
    };
  }
}

/** Accounts that were given an intent within the last days, the newest first: a gateway that was
 * restarted listens to them again without waiting for the next order. */
export async function recentAccounts(db: Reader): Promise<readonly string[]> {
  const { rows } = await sql<{ account: string }>`
    select user_id::text as account from intents
    where recorded_at > now() - interval '7 days'
    group by user_id order by max(recorded_at) desc limit ${MOST_REMEMBERED}`.execute(db);
  return rows.map(({ account }) => account);
}

/** Binance's `executionReport`. Field letters: its user data stream documentation. */
export function executionFrom(exchange: Exchange, account: string, report: Report): Execution {
  const symbol = exchange.safeSymbol(textFrom(report['s']));
  // A cancel's report names the cancel in `c` and the order in `C`.
  const own = textFrom(report['C']) || textFrom(report['c']);
  const head = { clientOrderId: own, venueOrderId: textFrom(report['i']), symbol };
  const trade: Trade | null =
    report['x'] === 'TRADE'
      ? {
          ...head,
          tradeId: textFrom(report['t']),
          side: sideFrom(report['S']),
          quantity: decimalText(report['l']),
          price: decimalText(report['L']),
          fee: decimalText(report['n']),
          feeAsset: textFrom(report['N']),
          timeMs: Number(report['T']),
        }
      : null;
  return {
    account,
    ...head,
    status: statusNamed(textFrom(report['X'])),
    executedQuantity: decimalText(report['z']),
    trade,
  };
}
