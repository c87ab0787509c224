import { VenueError } from '../../adapters/venue/port.ts';
import type { VenueCodecs } from '../../proto/venue.ts';
import type { Answer } from '../../proto/venue-codec.ts';
import type { Purpose } from './budget.ts';
import { type Client, type Clients, OUT_OF_BUDGET } from './clients.ts';
import type { Executions } from './executions.ts';
import { type Gate, sendOrder } from './send.ts';
import type { Watcher } from './watcher.ts';

export type Verb = keyof VenueCodecs;
export type Request<V extends Verb> = ReturnType<VenueCodecs[V]['request']['decode']>;
export type Reply<V extends Verb> = Parameters<VenueCodecs[V]['reply']['encode']>[0];
export type Verbs = { readonly [V in Verb]: (request: Request<V>) => Promise<Reply<V>> };

export interface VerbsDeps {
  readonly clients: Clients;
  readonly gate: Gate;
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

type OrderVerbs = Pick<Verbs, 'order-new' | 'order-query' | 'order-cancel' | 'orders-open'>;
type BookVerbs = Pick<Verbs, 'trades' | 'account'>;
type MarketVerbs = Omit<Verbs, keyof OrderVerbs | keyof BookVerbs>;

/** What the gateway does for each verb. */
export function venueVerbs(deps: VerbsDeps): Verbs {
  return { ...orderVerbs(deps), ...bookVerbs(deps), ...marketVerbs(deps) };
}

function orderVerbs(deps: VerbsDeps): OrderVerbs {
  const { clients, gate, executions } = deps;
  return {
    'order-new': async (request) => {
      const client = await clients.account(request.account).catch(unopened);
      if (typeof client === 'string') return { state: 'refused', why: client };
      if (!client.budget.take(WEIGHTS['order-new'], 'ordinary')) {
        return { state: 'refused', why: OUT_OF_BUDGET };
      }
      const outcome = await sendOrder(request, client, gate);
      // Only an account the venue knows has a stream to listen to.
      if (outcome.state === 'accepted') executions.follow(request.account);
      return outcome;
    },
    'order-query': (key) =>
      askAbout(deps, key.account, {
        verb: 'order-query',
        ask: ({ venue }) => venue.queryOrder(key),
      }),
    'order-cancel': async (key) => {
      const client = await clients.account(key.account).catch(unopened);
      if (typeof client === 'string') return { state: 'unknown', why: client };
      if (!client.budget.take(WEIGHTS['order-cancel'], 'protective')) {
        return { state: 'unknown', why: OUT_OF_BUDGET };
      }
      return client.venue.cancelOrder(key);
    },
    'orders-open': ({ account, symbol }) =>
      askAbout(deps, account, {
        verb: 'orders-open',
        ask: ({ venue }) => venue.openOrders(symbol),
      }),
  };
}

function bookVerbs(deps: VerbsDeps): BookVerbs {
  return {
    trades: (query) =>
      askAbout(deps, query.account, { verb: 'trades', ask: ({ venue }) => venue.trades(query) }),
    account: ({ account }) =>
      askAbout(deps, account, { verb: 'account', ask: ({ venue }) => venue.account() }),
  };
}

/** Why an account cannot be reached at all, as an outcome rather than a throw. */
function unopened(error: unknown): string {
  if (error instanceof VenueError) return error.message;
  throw error;
}

/** A question about one account. Whoever is asked about is listened to from then on: after a
 * restart the first question brings the stream back. */
async function askAbout<T>(
  { clients, executions }: VerbsDeps,
  account: string,
  { verb, ask }: { readonly verb: Verb; readonly ask: (client: Client) => Promise<T> },
): Promise<Answer<T>> {
  const client = (): Promise<Client> => clients.account(account);
  const reply = await answer(verb, 'protective', { client, ask });
  if (reply.ok) executions.follow(account);
  return reply;
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

async function known<T>(venue: Client['venue'], symbol: string, ask: () => Promise<T>): Promise<T> {
  if (await venue.knows(symbol)) return ask();
  throw new VenueError('invalid', `the venue has no symbol ${symbol}`);
}
