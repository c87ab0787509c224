import type { Reader } from '../../adapters/store/store.ts';
import { VenueError } from '../../adapters/venue/port.ts';
import type { VenueCodecs } from '../../proto/venue.ts';
import type { Answer } from '../../proto/venue-codec.ts';
import type { NewOrderRequest, SendOutcome } from '../../proto/venue-messages.ts';
import type { Purpose } from './budget.ts';
import type { Client, Clients } from './clients.ts';
import type { Executions } from './executions.ts';
import { fence } from './fence.ts';
import type { Watcher } from './watcher.ts';

export type Verb = keyof VenueCodecs;
export type Request<V extends Verb> = ReturnType<VenueCodecs[V]['request']['decode']>;
export type Reply<V extends Verb> = Parameters<VenueCodecs[V]['reply']['encode']>[0];
export type Verbs = { readonly [V in Verb]: (request: Request<V>) => Promise<Reply<V>> };

export interface VerbsDeps {
  readonly clients: Clients;
  readonly db: Reader;
  readonly watcher: Watcher;
  readonly executions: Executions;
}

/** Binance's request weights. */
const WEIGHTS = {
  'order-new': 1,
  'order-query': 9,
  'order-cancel': 1,
  'orders-open': 6,
  trades: 20,
  account: 20,
  depth: 5,
  klines: 2,
  instruments: 20,
  time: 1,
  watch: 22,
} as const satisfies Record<Verb, number>;

const OUT_OF_BUDGET = 'the rate budget is spent';

type OrderVerbs = Pick<Verbs, 'order-new' | 'order-query' | 'order-cancel' | 'orders-open'>;
type BookVerbs = Pick<Verbs, 'trades' | 'account'>;
type MarketVerbs = Omit<Verbs, keyof OrderVerbs | keyof BookVerbs>;

/** What the gateway does for each verb. */
export function venueVerbs(deps: VerbsDeps): Verbs {
  return { ...orderVerbs(deps), ...bookVerbs(deps), ...marketVerbs(deps) };
}

function orderVerbs({ clients, db, executions }: VerbsDeps): OrderVerbs {
  return {
    'order-new': async (request) => {
      const outcome = await sendOrder(request, { clients, db });
      // Only an account the venue knows has a stream to listen to.
      if (outcome.state === 'accepted') executions.follow(request.account);
      return outcome;
    },
    'order-query': (key) =>
      answer('order-query', 'protective', {
        client: () => clients.account(key.account),
        ask: ({ venue }) => venue.queryOrder(key),
      }),
    'order-cancel': async (key) => {
      const { venue, budget } = await clients.account(key.account);
      if (!budget.take(WEIGHTS['order-cancel'], 'protective')) {
        return { state: 'unknown', why: OUT_OF_BUDGET };
      }
      return venue.cancelOrder(key);
    },
    'orders-open': ({ account, symbol }) =>
      answer('orders-open', 'protective', {
        client: () => clients.account(account),
        ask: ({ venue }) => venue.openOrders(symbol),
      }),
  };
}

function bookVerbs({ clients }: VerbsDeps): BookVerbs {
  return {
    trades: (query) =>
      answer('trades', 'protective', {
        client: () => clients.account(query.account),
        ask: ({ venue }) => venue.trades(query),
      }),
    account: ({ account }) =>
      answer('account', 'protective', {
        client: () => clients.account(account),
        ask: ({ venue }) => venue.account(),
      }),
  };
}

function marketVerbs({ clients, watcher }: VerbsDeps): MarketVerbs {
  return {
    depth: ({ symbol, levels }) =>
      answer('depth', 'ordinary', {
        client: () => clients.market(),
        ask: ({ venue }) => known(venue, symbol, () => venue.depth(symbol, levels)),
      }),
    klines: (query) =>
      answer('klines', 'ordinary', {
        client: () => clients.market(query.exchange),
        ask: ({ venue }) =>
          known(venue, query.symbol, async () => ({
            timeframe: query.timeframe,
            candles: await venue.klines(query),
          })),
      }),
    instruments: ({ exchange }) =>
      answer('instruments', 'ordinary', {
        client: () => clients.market(exchange),
        ask: ({ venue }) => venue.instruments(true),
      }),
    time: () =>
      answer('time', 'protective', {
        client: () => clients.market(),
        ask: async ({ venue }) => ({ venueTimeMs: await venue.timeMs() }),
      }),
    watch: (request) =>
      answer('watch', 'ordinary', {
        client: () => clients.market(request.exchange),
        ask: (client) => watcher.watch(client, request),
      }),
  };
}

/** A question as an answer: a fault is data, a bug throws. */
async function answer<T>(
  verb: Verb,
  purpose: Purpose,
  call: { readonly client: () => Promise<Client>; readonly ask: (client: Client) => Promise<T> },
): Promise<Answer<T>> {
  try {
    const client = await call.client();
    if (!client.budget.take(WEIGHTS[verb], purpose)) {
      throw new VenueError('budget', OUT_OF_BUDGET);
    }
    return { ok: true, value: await call.ask(client) };
  } catch (error) {
    if (!(error instanceof VenueError)) throw error;
    return { ok: false, fault: { code: error.code, text: error.message } };
  }
}

/** Signs, asks the fence, sends once. An order whose sender has stopped waiting is not sent: this
 * process may have been paused for minutes between two lines. */
async function sendOrder(
  order: NewOrderRequest,
  { clients, db }: { readonly clients: Clients; readonly db: Reader },
): Promise<SendOutcome> {
  const { venue, budget } = await clients.account(order.account);
  if (!budget.take(WEIGHTS['order-new'], 'ordinary')) {
    return { state: 'refused', why: OUT_OF_BUDGET };
  }
  return venue.newOrder(order, async (signedAtMs) => {
    const why = await fence(db, order.lease);
    if (why !== null) return why;
    const now = Date.now();
    if (now > order.deadlineMs) return `the deadline passed ${now - order.deadlineMs} ms ago`;
    const pausedMs = now - signedAtMs;
    return pausedMs > SLOWEST_MS ? `${pausedMs} ms passed since the signature` : null;
  });
}

/** Longer than a fence check may take; a process this slow was paused. */
const SLOWEST_MS = 4_000;

async function known<T>(venue: Client['venue'], symbol: string, ask: () => Promise<T>): Promise<T> {
  if (await venue.knows(symbol)) return ask();
  throw new VenueError('invalid', `the venue has no symbol ${symbol}`);
}
