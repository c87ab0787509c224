import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Kysely } from 'kysely';
import { recordMotions } from '../adapters/store/motions.ts';
import type { Database } from '../adapters/store/schema.ts';
import { freezeSnapshot } from '../core/assistants/freeze.ts';
import type { Mail } from '../core/assistants/mail.ts';
import { ROLES } from '../core/assistants/role.ts';
import type { Snapshot } from '../core/assistants/snapshot.ts';
import type { Kind, Utterance } from '../core/assistants/speech.ts';
import { FeatureEngine } from '../core/features/engine.ts';
import { hashOf } from '../core/hash.ts';
import { eventId, messageId } from '../core/identity.ts';
import type { Candle } from '../core/market/candle.ts';
import { findNats } from '../ops/stack/binaries.ts';
import { freePort } from './support/free-port.ts';

/** What the actor tests and benchmarks share: motions on deterministic candles, the mail about
 * them, a NATS server that can be killed, and actor hosts as processes of their own. */

const MINUTE_MS = 60_000;
const FROM_MS = Date.UTC(2024, 7, 5);
const WARM_UP = 60;

/** A smooth walk with awkward decimals; `salt` makes each symbol's its own. */
function candleAt(index: number, salt: number): Candle {
  const mid = (at: number): number =>
    1_000 + salt + 40 * Math.sin(at / 9 + salt) + 15 * Math.sin(at / 2.3) + at / 7;
  const open = mid(index);
  const close = mid(index + 1);
  const openTimeMs = FROM_MS + index * MINUTE_MS;
  return {
    openTimeMs,
    closeTimeMs: openTimeMs + MINUTE_MS - 1,
    open,
    high: Math.max(open, close) + 1.1,
    low: Math.min(open, close) - 1.3,
    close,
    volume: 100 + 30 * Math.cos(index / 3),
  };
}

export interface Question {
  readonly debateId: string;
  readonly symbol: string;
  readonly eventId: string;
  readonly snapshot: Snapshot;
}

/** One motion on `symbol`, `step` minutes after the first; the same arguments give the same
 * facts. */
export function question(symbol: string, step = 0): Question {
  const salt = symbol.charCodeAt(0) + symbol.charCodeAt(1);
  const engine = new FeatureEngine({ timeframe: '1m' });
  const candles = Array.from({ length: WARM_UP + step }, (_, index) => candleAt(index, salt));
  const reading = candles.map((candle) => engine.push(candle, null)).at(-1);
  const last = candles.at(-1);
  if (!reading || !last) throw new Error('no candles');
  const market = { venue: 'paper', symbol, timeframe: '1m' } as const;
  const { closeTimeMs } = last;
  const event = eventId({ ...market, kind: 'cadence', closeTimeMs, detectorVersion: 1 });
  const snapshot = freezeSnapshot({
    eventId: event,
    ...market,
    trigger: 'cadence',
    candles,
    reading,
    news: null,
    holdings: {
      equity: '10000',
      cash: '10000',
      quantity: '0',
      entryPrice: '0',
      exposureBps: 0,
      drawdownBps: 0,
      openOrders: 0,
    },
  });
  return { debateId: `docket-${closeTimeMs}`, symbol, eventId: event, snapshot };
}

export async function record(db: Kysely<Database>, questions: readonly Question[]): Promise<void> {
  const motions = questions.map(({ debateId, snapshot }) => ({
    debateId,
    detectorVersion: 1,
    snapshot,
  }));
  await recordMotions(db, motions);
}

export interface AskOptions {
  readonly round: number;
  readonly kind: Kind;
  readonly heard?: readonly Utterance[];
}

/** A mail to each of the seven about each question. */
export function askAll(
  questions: readonly Question[],
  { round, kind, heard = [] }: AskOptions,
): readonly Mail[] {
  return questions.flatMap(({ debateId, symbol, eventId: event, snapshot }) => {
    const about = heard.filter((said) => said.eventId === event);
    const snapshotHash = hashOf(snapshot);
    return ROLES.map((to) => {
      const address = { debateId, eventId: event, round, kind, to };
      const id = messageId({
        ...address,
        from: 'docket',
        snapshotHash,
        heard: about.map((said) => said.messageId),
        weightsVersion: 1,
        modelDigest: null,
      });
      return { ...address, messageId: id, symbol, snapshot, heard: about };
    });
  });
}

/** A NATS server of a test's own, because it is going to be killed. */
export interface OwnNats {
  readonly url: string;
  /** −9, with everything it had in hand. */
  kill(): Promise<void>;
  start(): Promise<void>;
  remove(): Promise<void>;
}

export async function ownNats(): Promise<OwnNats> {
  const folder = mkdtempSync(join(tmpdir(), 'corro-nats-'));
  const port = await freePort();
  let child: ChildProcess | null = null;
  const start = async (): Promise<void> => {
    const flags = ['-js', '-sd', folder, '-a', '127.0.0.1', '-p', String(port)];
    child = spawn(findNats().path, flags, { stdio: 'ignore' });
    await until(() => canConnect(port));
  };
  const kill = async (): Promise<void> => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  await start();
  const remove = async (): Promise<void> => {
    await kill();
    rmSync(folder, { recursive: true, force: true });
  };
  return { url: `nats://127.0.0.1:${port}`, kill, start, remove };
}

export interface HostProcess {
  readonly pid: number;
  /** What it says of itself on `/health`. */
  facts(): Promise<Record<string, unknown>>;
  kill(signal: NodeJS.Signals): Promise<void>;
}

export interface HostPlace {
  readonly namespace: string;
  readonly natsUrl: string;
  readonly postgresUrl: string;
  readonly roles?: string;
  /** `user=password` of each assistant, where the server tells them apart. */
  readonly passwords?: string;
}

/** `workers/actor-host.ts` as the stack starts it. */
export async function spawnHost(place: HostPlace): Promise<HostProcess> {
  const port = await freePort();
  const child = spawn(process.execPath, ['workers/actor-host.ts'], {
    cwd: join(import.meta.dirname, '..'),
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      PATH: process.env['PATH'],
      CORRO_NAMESPACE: place.namespace,
      CORRO_NATS_URL: place.natsUrl,
      CORRO_POSTGRES_URL: place.postgresUrl,
      CORRO_TEMPORAL_ADDRESS: '127.0.0.1:1',
      CORRO_HEALTH_PORT: String(port),
      CORRO_ROLES: place.roles ?? '',
      CORRO_NATS_ROLES: place.passwords ?? '',
      CORRO_LOG_LEVEL: 'error',
    },
  });
  const facts = async (): Promise<Record<string, unknown>> => {
    const answer = await fetch(`http://127.0.0.1:${port}/health`);
    if (!answer.ok) throw new Error(`health answered ${answer.status}`);
    return (await answer.json()) as Record<string, unknown>;
  };
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`actor-host ended with ${child.exitCode}`);
    return facts().then(
      () => true,
      () => false,
    );
  });
  return {
    pid: child.pid ?? 0,
    facts,
    kill: async (signal) => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill(signal);
      await once(child, 'exit');
    },
  };
}

/** Resolves when `check` comes true; throws when it has not in time. */
/** Waits until it is so; a busy machine is slow, not wrong. */
export async function until(
  check: () => boolean | Promise<boolean>,
  timeoutMs = 90_000,
): Promise<void> {
  const giveUpAt = performance.now() + timeoutMs;
  while (!(await check())) {
    if (performance.now() > giveUpAt) throw new Error(`did not come true in ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('data', () => settle(true));
    socket.once('error', () => settle(false));
    const settle = (up: boolean): void => {
      socket.destroy();
      resolve(up);
    };
  });
}
