import { type Bus, connectBus } from '../adapters/bus/connect.ts';
import { Roll } from '../adapters/bus/roll.ts';
import { listen } from '../adapters/bus/transcript.ts';
import { ROLES } from '../core/assistants/role.ts';
import type { Random } from '../core/random.ts';
import { CandleQueue } from '../ops/ring/live-queue.ts';
import type { StackState } from '../ops/stack/control.ts';
import { WireError } from '../proto/errors.ts';
import { readFeed } from '../proto/feed.ts';
import { readHaltReply } from '../proto/halt.ts';
import { assistantUser, type BusUser } from '../proto/permissions.ts';
import {
  FEED_KINDS,
  type FeedKind,
  PREDICT_VERB,
  type VenueVerb,
  type Wire,
} from '../proto/subjects.ts';
import { EXECUTION_CODEC } from '../proto/venue.ts';
import { until } from './actors-ring.ts';
import { ASKS, MOTIONS, malformedBinary, malformedJson } from './malformed-messages.ts';

/** What became of the messages at one door. */
export interface DoorFigures {
  sent: number;
  refused: number;
  accepted: number;
}

/** What the doors stand on. */
export interface Floor {
  readonly wire: Wire;
  readonly state: StackState;
  readonly random: Random;
  readonly as: (user: BusUser) => Promise<Bus>;
  readonly closers: (() => void)[];
}

/** One door: sends so many and returns when every one of them was dealt with. */
export interface Door {
  readonly figures: DoorFigures;
  send(count: number): Promise<void>;
}

const PATIENCE_MS = 120_000;
const SYMBOLS = ['BTC/USDT', 'ETH/USDT', 'SOL/USDT', 'ADA/USDT'] as const;
const HALT_LANES = 8;

export async function openDoors(floor: Floor): Promise<Readonly<Record<string, Door>>> {
  return {
    mail: await mailDoor(floor),
    debate: await debateDoor(floor),
    market: await marketDoor(floor),
    predict: await predictDoor(floor),
    venue: await venueDoor(floor),
    executions: await executionsDoor(floor),
    safety: await safetyDoor(floor),
    feed: await feedDoor(floor),
  };
}

function noFigures(): DoorFigures {
  return { sent: 0, refused: 0, accepted: 0 };
}

/** Mail at every mailbox, read by the actor host. */
async function mailDoor({ wire: names, random, as, state }: Floor): Promise<Door> {
  const [{ connection }, desk] = await Promise.all([as('decision'), as('operator')]);
  const host = state.services.find(({ service }) => service === 'actor-host');
  // A line of its own for each look: one that is kept may be closed while it is being used again.
  const headers = { connection: 'close' };
  const facts = async (): Promise<Record<string, number>> =>
    (await (await fetch(host?.healthUrl ?? '', { headers })).json()) as Record<string, number>;
  const figures = noFigures();
  for (const role of ROLES) {
    desk.connection.subscribe(names.deadLetter(role), {
      callback: () => void (figures.refused += 1),
    });
  }
  await desk.connection.flush();
  return {
    figures,
    send: async (count) => {
      for (let sent = 0; sent < count; sent += 1) {
        const role = ROLES[random.whole(0, ROLES.length - 1)] as (typeof ROLES)[number];
        const symbol = SYMBOLS[random.whole(0, SYMBOLS.length - 1)] as string;
        connection.publish(names.mail(role, symbol), malformedBinary(random, 'mail'));
      }
      figures.sent += count;
      await until(() => figures.refused >= figures.sent, PATIENCE_MS);
      const { answered = 0, repeated = 0 } = await facts();
      figures.accepted = answered + repeated;
    },
  };
}

/** Words at addresses that were asked and at others, each said by the assistant that may speak
 * there, to a roll that waits for seven opinions. */
async function debateDoor({ wire: names, random, as, closers }: Floor): Promise<Door> {
  const decision = await as('decision');
  const speakers = await Promise.all(ROLES.map((role) => as(assistantUser(role))));
  const roll = new Roll(names, { asks: ASKS, round: 1, kind: 'opinion' });
  const figures = noFigures();
  const [motion] = MOTIONS as [(typeof MOTIONS)[number]];
  closers.push(
    listen(decision, names.debateFilter({}), (heard) => {
      if (roll.hear(heard)) figures.accepted += 1;
      else figures.refused += 1;
    }),
  );
  await decision.connection.flush();
  return {
    figures,
    send: async (count) => {
      for (let sent = 0; sent < count; sent += 1) {
        const at = random.whole(0, ROLES.length - 1);
        const role = ROLES[at] as (typeof ROLES)[number];
        const round = random.chance(0.8) ? 1 : 2;
        const address = { ...motion, round, kind: 'opinion', role } as const;
        speakers[at]?.connection.publish(
          names.debate(address),
          malformedBinary(random, 'utterance'),
        );
      }
      figures.sent += count;
      await until(() => figures.refused + figures.accepted >= figures.sent, PATIENCE_MS);
    },
  };
}

/** Candles, read by the queue of a live market. */
async function marketDoor({ wire: names, random, as, closers }: Floor): Promise<Door> {
  const [gateway, desk] = await Promise.all([as('venue'), as('operator')]);
  const request = { exchange: 'paper', symbol: 'BTC/USDT', timeframe: '1m' } as const;
  const ended = new AbortController();
  const queue = new CandleQueue({ bus: desk, wire: names, request }, ended.signal);
  const subject = names.market('paper', 'BTC/USDT', '1m');
  const figures = noFigures();
  let heard = 0;
  desk.connection.subscribe(subject, { callback: () => void (heard += 1) });
  closers.push(() => queue.close());
  await desk.connection.flush();
  return {
    figures,
    send: async (count) => {
      for (let sent = 0; sent < count; sent += 1) {
        gateway.connection.publish(subject, malformedBinary(random, 'candle'));
      }
      figures.sent += count;
      // The queue subscribed first: what this process has heard, the queue has read.
      await until(() => heard >= figures.sent, PATIENCE_MS);
      while ((await queue.next(0)) !== null) figures.accepted += 1;
      figures.refused = heard - figures.accepted;
    },
  };
}

/** Questions to the models, read by the actor host. */
async function predictDoor({ wire: names, random, as }: Floor): Promise<Door> {
  const bus = await as('decision');
  const subject = names.assistant('strategist', PREDICT_VERB);
  const figures = noFigures();
  const ask = async (): Promise<void> => {
    const bytes = malformedBinary(random, 'predict');
    // The host may answer into this inbox alone.
    const to = { noMux: true, reply: bus.inbox(PREDICT_VERB), timeout: PATIENCE_MS };
    const reply = await bus.connection.request(subject, bytes, to);
    if (reply.headers?.get('Nats-Service-Error')) figures.refused += 1;
    else figures.accepted += 1;
  };
  return {
    figures,
    send: async (messages) => {
      await Promise.all(Array.from({ length: messages }, ask));
      figures.sent += messages;
    },
  };
}

const VERBS: readonly VenueVerb[] = [
  ...(['order-new', 'order-cancel', 'order-query', 'orders-open'] as const),
  ...(['trades', 'account', 'depth', 'klines', 'watch'] as const),
];

/** Requests to the venue gateway, as the one user who may send orders. */
async function venueDoor({ wire: names, random, as }: Floor): Promise<Door> {
  const { connection } = await as('order');
  const figures = noFigures();
  const ask = async (): Promise<void> => {
    const verb = VERBS[random.whole(0, VERBS.length - 1)] as VenueVerb;
    const bytes = malformedBinary(random, 'order');
    const options = { timeout: PATIENCE_MS };
    const reply = await connection.request(names.venue('paper', verb), bytes, options);
    if (reply.headers?.get('Nats-Service-Error')) figures.refused += 1;
    else figures.accepted += 1;
  };
  return {
    figures,
    send: async (count) => {
      await Promise.all(Array.from({ length: count }, ask));
      figures.sent += count;
    },
  };
}

async function executionsDoor({ wire: names, random, as }: Floor): Promise<Door> {
  const [gateway, order] = await Promise.all([as('venue'), as('order')]);
  const figures = noFigures();
  order.connection.subscribe(names.executionsFilter('paper'), {
    callback: (_error, { data }) => count(figures, () => EXECUTION_CODEC.decode(data)),
  });
  await order.connection.flush();
  return {
    figures,
    send: async (messages) => {
      for (let sent = 0; sent < messages; sent += 1) {
        const subject = names.executions('paper', 'BTC/USDT');
        gateway.connection.publish(subject, malformedBinary(random, 'execution'));
      }
      figures.sent += messages;
      await until(() => figures.refused + figures.accepted >= figures.sent, PATIENCE_MS);
    },
  };
}

/** Requests to halt, as the checker sends them. */
async function safetyDoor({ wire: names, random, as }: Floor): Promise<Door> {
  const { connection } = await as('checker');
  const figures = noFigures();
  const ask = async (): Promise<void> => {
    const options = { timeout: PATIENCE_MS };
    const reply = await connection.request(names.haltRequest, malformedJson(random), options);
    if ('refused' in readHaltReply(reply.data)) figures.refused += 1;
    else figures.accepted += 1;
  };
  return {
    figures,
    send: async (messages) => {
      // The door takes so many at once and turns the rest away, which would prove nothing.
      const lanes = Array.from({ length: HALT_LANES }, async (_, lane) => {
        for (let sent = lane; sent < messages; sent += HALT_LANES) await ask();
      });
      await Promise.all(lanes);
      figures.sent += messages;
    },
  };
}

/** Feeds, read as any listener without credentials may. */
async function feedDoor({ wire: names, random, as, state }: Floor): Promise<Door> {
  const teller = await as('order');
  const outsider = await connectBus({ url: state.addresses.natsFeedUrl, name: 'malformed feed' });
  const figures = noFigures();
  outsider.connection.subscribe(names.feedTree, {
    callback: (_error, { subject, data }) => {
      const kind = FEED_KINDS.find((one) => subject.split('.')[2] === one) as FeedKind;
      count(figures, () => readFeed(kind, data));
    },
  });
  await outsider.connection.flush();
  return {
    figures,
    send: async (messages) => {
      for (let sent = 0; sent < messages; sent += 1) {
        const kind = FEED_KINDS[random.whole(0, FEED_KINDS.length - 1)] as FeedKind;
        teller.connection.publish(names.feed(kind, 'BTC/USDT'), malformedJson(random));
      }
      figures.sent += messages;
      await until(() => figures.refused + figures.accepted >= figures.sent, PATIENCE_MS);
    },
  };
}

/** Anything thrown but a `WireError` ends the run: that is a crash of the reader. */
function count(figures: DoorFigures, read: () => unknown): void {
  try {
    read();
    figures.accepted += 1;
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    figures.refused += 1;
  }
}
