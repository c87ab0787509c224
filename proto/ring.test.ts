import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { freezeSnapshot } from '../core/assistants/freeze.ts';
import type { Mail } from '../core/assistants/mail.ts';
import { ROLES, type Role } from '../core/assistants/role.ts';
import type { Snapshot } from '../core/assistants/snapshot.ts';
import { speak } from '../core/assistants/speak.ts';
import type { Kind, Utterance } from '../core/assistants/speech.ts';
import { FeatureEngine } from '../core/features/engine.ts';
import { hashOf } from '../core/hash.ts';
import type { Candle } from '../core/market/candle.ts';
import { decodeMail, decodeUtterance, encodeMail, encodeUtterance } from './codec.ts';

// Failure here looks like: a mind that says something true which the wire refuses, so that it falls
// silent in production and in no unit test; or a snapshot that is another one after the journey.

const TAPE = new URL('../ops/demo/binance-BTC-USDT-5m.csv', import.meta.url);
const EVERY = 25;
const ROUNDS: readonly (readonly [number, Kind])[] = [
  [1, 'opinion'],
  [2, 'challenge'],
  [2, 'rebuttal'],
  [2, 'revision'],
  [3, 'ballot'],
];

let snapshots: readonly Snapshot[];

beforeAll(async () => {
  const rows = (await readFile(TAPE, 'utf8')).trim().split('\n');
  const engine = new FeatureEngine({ timeframe: '5m' });
  const candles: Candle[] = [];
  snapshots = rows.flatMap((row, index) => {
    const candle = candleOf(row);
    candles.push(candle);
    const reading = engine.push(candle);
    return index % EVERY === 0 ? [snapshotOf(candles, reading)] : [];
  });
});

function candleOf(row: string): Candle {
  const [time, open, high, low, close, volume] = row.split(',').map(Number) as [
    ...(readonly [number, number, number, number, number, number]),
  ];
  return { openTimeMs: time, closeTimeMs: time + 299_999, open, high, low, close, volume };
}

function snapshotOf(candles: readonly Candle[], reading: Snapshot['reading']): Snapshot {
  const held = candles.length % 2 === 0;
  return freezeSnapshot({
    eventId: hashOf(candles.length),
    venue: 'paper',
    symbol: 'BTC/USDT',
    timeframe: '5m',
    trigger: 'cadence',
    candles,
    reading,
    holdings: {
      equity: '10000',
      cash: held ? '4000' : '10000',
      quantity: held ? '0.1' : '0',
      entryPrice: held ? '60000' : '0',
      exposureBps: held ? 6_000 : 0,
      drawdownBps: held ? 450 : 0,
      openOrders: 0,
    },
    news: null,
  });
}

/** One mail there, one utterance back, both as bytes. */
function ask(snapshot: Snapshot, heard: readonly Utterance[], at: readonly [number, Kind, Role]) {
  const [round, kind, to] = at;
  const sent: Mail = {
    messageId: hashOf([snapshot.eventId, ...at]),
    debateId: `5m-${snapshot.closeTimeMs}`,
    eventId: snapshot.eventId,
    symbol: snapshot.symbol,
    round,
    kind,
    to,
    snapshot,
    heard,
  };
  const bytes = encodeMail(sent);
  // The limit that SAFETY §3 sets for one payload.
  expect(bytes.byteLength).toBeLessThan(64 * 1024);
  const mail = decodeMail(bytes);
  expect(hashOf(mail.snapshot)).toBe(hashOf(snapshot));
  expect(mail).toStrictEqual(sent);
  const said = {
    debateId: mail.debateId,
    eventId: mail.eventId,
    symbol: mail.symbol,
    messageId: mail.messageId,
    round,
    kind,
    role: to,
    content: speak({ role: to, kind, round, snapshot, heard: mail.heard, memory: { calls: [] } }),
  } as Utterance;
  const answer = decodeUtterance(encodeUtterance(said));
  expect(answer).toStrictEqual(said);
  return answer;
}

describe('ring over the wire', () => {
  test('everything the seven say about a real crash passes, unchanged', () => {
    const kinds = new Set<Kind>();
    for (const snapshot of snapshots) {
      const heard: Utterance[] = [];
      for (const [round, kind] of ROUNDS) {
        const before = [...heard];
        for (const role of ROLES) {
          const answer = ask(snapshot, round === 1 ? [] : before, [round, kind, role]);
          heard.push(answer);
          if (answer.content !== null) kinds.add(kind);
        }
      }
    }
    expect(snapshots.length).toBeGreaterThan(10);
    expect([...kinds].sort()).toEqual(['ballot', 'challenge', 'opinion', 'rebuttal', 'revision']);
  });
});
