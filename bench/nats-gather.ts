/** The bare floor of a debate on NATS: three rounds, each one publish to seven listeners and
 * seven replies, with payloads of a debate's size. No stream, no database, no mind, no Temporal:
 * what is left is the cost of the messages themselves, the peer that debates are measured
 * against.
 *
 *     node bench/nats-gather.ts nats://host:port [--debates N] [--flight N] */
import { type Bus, connectBus } from '../adapters/bus/connect.ts';

export interface GatherLoad {
  readonly url: string;
  readonly debates: number;
  /** Debates held at the same time. */
  readonly inFlight: number;
  /** Bytes of a question: about a mail with its snapshot. */
  readonly askBytes?: number;
  /** Bytes of an answer: about an opinion with its reasons. */
  readonly answerBytes?: number;
}

export interface GatherFigures {
  readonly debatesPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const ROLES = 7;
const ROUNDS = 3;
const ASK_BYTES = 4_000;
const ANSWER_BYTES = 600;

/** Holds `debates` bare debates and returns how fast that went. Asker and answerers have a
 * connection each. */
export async function gatherBare(load: GatherLoad): Promise<GatherFigures> {
  const asker = await connectBus({ url: load.url, name: 'bare-asker' });
  const ring = await connectBus({ url: load.url, name: 'bare-ring' });
  try {
    return await measure(load, asker, ring);
  } finally {
    await Promise.all([asker.close(), ring.close()]);
  }
}

async function measure(load: GatherLoad, asker: Bus, ring: Bus): Promise<GatherFigures> {
  const subject = asker.inbox();
  const answer = new Uint8Array(load.answerBytes ?? ANSWER_BYTES);
  for (let role = 0; role < ROLES; role += 1) {
    ring.connection.subscribe(subject, {
      callback: (_error, message) => void message.respond(answer),
    });
  }
  await ring.connection.flush();
  const gather = gatherer(asker, subject, new Uint8Array(load.askBytes ?? ASK_BYTES));
  const timesMs: number[] = [];
  let left = load.debates;
  const lane = async (): Promise<void> => {
    for (; left > 0; ) {
      left -= 1;
      const startedAt = performance.now();
      for (let round = 0; round < ROUNDS; round += 1) await gather();
      timesMs.push(performance.now() - startedAt);
    }
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: load.inFlight }, lane));
  const seconds = (performance.now() - startedAt) / 1_000;
  timesMs.sort((a, b) => a - b);
  const at = (share: number): number => timesMs[Math.floor(share * (timesMs.length - 1))] ?? 0;
  return { debatesPerSecond: load.debates / seconds, p50Ms: at(0.5), p99Ms: at(0.99) };
}

/** One subscription for all replies; each question's replies carry its number. */
function gatherer(asker: Bus, subject: string, ask: Uint8Array): () => Promise<void> {
  const inbox = asker.inbox();
  const waiting = new Map<string, { left: number; resolve: () => void }>();
  asker.connection.subscribe(`${inbox}.*`, {
    callback: (_error, message) => {
      const entry = waiting.get(message.subject);
      if (!entry) return;
      entry.left -= 1;
      if (entry.left > 0) return;
      waiting.delete(message.subject);
      entry.resolve();
    },
  });
  let serial = 0;
  return () =>
    new Promise((resolve) => {
      const reply = `${inbox}.${++serial}`;
      waiting.set(reply, { left: ROLES, resolve });
      asker.connection.publish(subject, ask, { reply });
    });
}

if (import.meta.main) {
  const [url = 'nats://127.0.0.1:4222', ...flags] = process.argv.slice(2);
  const option = (name: string, otherwise: number): number =>
    flags.includes(name) ? Number(flags[flags.indexOf(name) + 1]) : otherwise;
  const load = { debates: option('--debates', 5_000), inFlight: option('--flight', 16) };
  console.log(JSON.stringify(await gatherBare({ url, ...load })));
}
