import type { Mail } from '../core/assistants/mail.ts';
import { EMPTY_MEMORY } from '../core/assistants/mind.ts';
import { speak } from '../core/assistants/speak.ts';
import type { Utterance } from '../core/assistants/speech.ts';
import { FEATURE_HASH, FEATURE_NAMES } from '../core/features/vector.ts';
import type { Random } from '../core/random.ts';
import { encodeMail, encodeMarketEvent, encodeUtterance } from '../proto/codec.ts';
import { MAX_HALT_BYTES } from '../proto/halt.ts';
import { predictRequest } from '../proto/predict.ts';
import { EXECUTION_CODEC, VENUE_CODECS } from '../proto/venue.ts';
import { askAll, question } from './actors-ring.ts';

/** Messages that nobody may take for true: noise, broken pieces of good ones, and good ones at the
 * wrong door. */

const MOTION = question('BTC/USDT');
export const MOTIONS = [MOTION];
export const ASKS: readonly Mail[] = askAll(MOTIONS, { round: 1, kind: 'opinion' });
const [FIRST] = ASKS as [Mail];
const CANDLE = MOTION.snapshot.candles.at(-1) as (typeof MOTION.snapshot.candles)[number];

function answerTo(mail: Mail): Utterance {
  const { to: role, kind, round, snapshot, heard, debateId, eventId, symbol, messageId } = mail;
  const content = speak({ role, kind, round, snapshot, heard, memory: EMPTY_MEMORY });
  return { debateId, eventId, symbol, round, kind, role, messageId, content } as Utterance;
}

/** One well-formed message of each kind that is not JSON. */
export const GOOD = {
  mail: encodeMail(FIRST),
  utterance: encodeUtterance(answerTo(FIRST)),
  candle: encodeMarketEvent({
    venue: 'paper',
    symbol: 'BTC/USDT',
    timeframe: '1m',
    candle: CANDLE,
  }),
  predict: predictRequest.encode({
    featureHash: FEATURE_HASH,
    rows: [{ symbol: 'BTC/USDT', features: FEATURE_NAMES.map(() => 1), models: [FEATURE_HASH] }],
  }),
  order: VENUE_CODECS['order-new'].request.encode({
    account: '0b9e7f8a-4c1d-4e57-9d5a-6f1f2f3a4b5c',
    clientOrderId: 'c-1-ABC',
    symbol: 'BTC/USDT',
    side: 'BUY',
    type: 'LIMIT',
    timeInForce: 'IOC',
    quantity: '0.00100',
    limitPrice: '58000.1',
    stopPrice: null,
    lease: { name: 'leg-1', epoch: '7' },
    deadlineMs: 1_722_816_000_000,
  }),
  execution: EXECUTION_CODEC.encode({
    account: 'alice',
    clientOrderId: 'c-1',
    venueOrderId: '17',
    symbol: 'BTC/USDT',
    status: 'filled',
    executedQuantity: '0.5',
    trade: null,
  }),
} as const;
export type BinaryKind = keyof typeof GOOD;

const text = new TextEncoder();
/** Above every cap of the ring and below what the server lets through. */
const TOO_LARGE = 256 * 1024 + 1;
/** Field 1000, a varint: in none of our messages. */
const UNKNOWN_FIELD = [0xc0, 0x3e, 0x01];
/** A number that never ends. */
const DANGLING = 0xff;

function noise(random: Random, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random.whole(0, 255));
}

function pick(random: Random, count: number): number {
  return random.whole(0, count - 1);
}

/** Messages in a message in a message, far deeper than any of ours. */
function nested(): Uint8Array {
  let inner: number[] = [];
  for (let depth = 0; depth < 60; depth += 1) inner = [0x0a, inner.length, ...inner];
  return Uint8Array.from(inner);
}

/** Bytes that are no message of this kind. One in two thousand is huge. */
export function malformedBinary(random: Random, kind: BinaryKind): Uint8Array {
  const good = GOOD[kind];
  const others = (Object.keys(GOOD) as BinaryKind[]).filter((other) => other !== kind);
  const broken: readonly (() => Uint8Array)[] = [
    () => new Uint8Array(),
    () => Uint8Array.of(0x07, ...noise(random, pick(random, 400))),
    // Two bytes short at least: with the very last one turned over it may be another good message.
    () => Uint8Array.of(...good.subarray(0, pick(random, good.length - 1)), DANGLING),
    () => Uint8Array.of(...good, ...UNKNOWN_FIELD),
    () => Uint8Array.of(...good, ...good),
    () => text.encode('{"side":"BUY","quantity":1e999}'),
    () => nested(),
    () => GOOD[others[pick(random, others.length)] as BinaryKind],
    // Wire type 7 does not exist.
    () => Uint8Array.of(good[0] ?? 0, ...noise(random, 3), 0x07, ...good.subarray(4)),
  ];
  if (pick(random, 2_000) === 0) return noise(random, TOO_LARGE);
  return (broken[pick(random, broken.length)] as () => Uint8Array)();
}

const HALT = {
  name: 'violation-ledger',
  level: 'pause',
  reason: 'made up',
  liftsWhen: 'never',
  placedBy: 'checker',
} as const;

/** JSON, or nearly, that is no request to halt and no feed of any kind. */
export function malformedJson(random: Random): Uint8Array {
  const good = JSON.stringify(HALT);
  const broken: readonly (() => string | Uint8Array)[] = [
    () => '',
    () => ['null', '[]', '0', '""', 'NaN', 'true', '{}'][pick(random, 7)] as string,
    () => good.slice(0, 1 + pick(random, good.length - 1)),
    () => `${good}}`,
    () => JSON.stringify({ ...HALT, level: 'flatten' }),
    () => JSON.stringify({ ...HALT, level: ['pause'] }),
    () => JSON.stringify({ ...HALT, name: pick(random, 1_000) }),
    () => JSON.stringify({ ...HALT, reason: null }),
    () => JSON.stringify({ ...HALT, [`field${pick(random, 1_000)}`]: 1 }),
    () => good.replace('{', '{"level":"pause",'),
    () => good.replace('{', '{"__proto__":{"level":"pause"},'),
    () => JSON.stringify({ ...HALT, reason: 'x'.repeat(MAX_HALT_BYTES) }),
    () => '['.repeat(2_000),
    () => Uint8Array.of(0x22, 0xff, 0xfe, 0x22),
    () => `<html>${'502 '.repeat(pick(random, 50))}</html>`,
    () => noise(random, 1 + pick(random, 300)),
  ];
  const made = (broken[pick(random, broken.length)] as () => string | Uint8Array)();
  return typeof made === 'string' ? text.encode(made) : made;
}
