import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  answerId,
  clientOrderId,
  decisionId,
  escalationId,
  eventId,
  learningRunId,
  legId,
  messageId,
  parameterHash,
  planId,
} from './identity.ts';

const EVENT = {
  venue: 'paper',
  symbol: 'BTC/USDT',
  kind: 'price_move',
  timeframe: '5m',
  closeTimeMs: 1_722_816_299_999,
  detectorVersion: 1,
} as const;

const MESSAGE = {
  debateId: 'd1',
  eventId: 'e1',
  round: 2,
  kind: 'challenge',
  from: 'ring',
  to: 'auditor',
  snapshotHash: 's1',
  heard: ['m1', 'm2'],
  weightsVersion: 1,
  modelDigest: null,
} as const;

const PARAMETERS = {
  venue: 'paper',
  symbol: 'BTC/USDT',
  side: 'BUY',
  type: 'LIMIT',
  timeInForce: 'IOC',
  quantity: '0.5',
  limitPrice: '50000.00',
  stopPrice: null,
} as const;

const RUN = {
  venue: 'paper',
  symbol: 'BTC/USDT',
  timeframe: '5m',
  cadence: 'daily',
  window: { venue: 'binance', fromMs: 1, toMs: 2 },
  marketTimeMs: 3,
  settings: { seed: 7 },
} as const;

const ORDER = { legId: 'l1', attempt: 1, parameterHash: 'p1' };

type Fields = Readonly<Record<string, unknown>>;

/** Every id builder, an input, and for each input field another value. */
const CASES: readonly [string, (inputs: never) => string, Fields, Fields][] = [
  [
    'event',
    eventId,
    EVENT,
    {
      venue: 'binance',
      symbol: 'ETH/USDT',
      kind: 'cadence',
      timeframe: '1h',
      closeTimeMs: 1_722_816_300_000,
      detectorVersion: 2,
    },
  ],
  [
    'message',
    messageId,
    MESSAGE,
    {
      debateId: 'd2',
      eventId: 'e2',
      round: 3,
      kind: 'ballot',
      from: 'another',
      to: 'executor',
      snapshotHash: 's2',
      heard: ['m2', 'm1'],
      weightsVersion: 2,
      modelDigest: 'a model',
    },
  ],
  ['decision', decisionId, { eventId: 'e1', username: 'ana' }, { eventId: 'e2', username: 'ben' }],
  [
    'leg',
    legId,
    { causeId: 'd1', username: 'ana', leg: 0 },
    { causeId: 'd2', username: 'ben', leg: 1 },
  ],
  [
    'plan',
    planId,
    { kind: 'guard', username: 'ana', venue: 'paper', reference: 'l1' },
    { kind: 'hedge', username: 'ben', venue: 'binance', reference: 'l2' },
  ],
  ['escalation', escalationId, { decisionId: 'd1' }, { decisionId: 'd2' }],
  [
    'answer',
    answerId,
    { escalationId: 'e1', ask: 1, verb: 'modify', parameters: { quantity: '0.5' } },
    { escalationId: 'e2', ask: 2, verb: 'reject', parameters: { quantity: '0.50' } },
  ],
  [
    'parameters',
    parameterHash,
    PARAMETERS,
    {
      venue: 'binance',
      symbol: 'ETH/USDT',
      side: 'SELL',
      type: 'MARKET',
      timeInForce: null,
      quantity: '0.50',
      limitPrice: '50000.01',
      stopPrice: '49000',
    },
  ],
  [
    'learning run',
    learningRunId,
    RUN,
    {
      venue: 'binance',
      symbol: 'ETH/USDT',
      timeframe: '1h',
      cadence: 'weekly',
      window: { venue: 'binance', fromMs: 1, toMs: 3 },
      marketTimeMs: 4,
      settings: { seed: 8 },
    },
  ],
  ['order', clientOrderId, ORDER, { legId: 'l2', attempt: 2, parameterHash: 'p2' }],
];

describe.each(CASES)('identity - %s id', (_name, build, inputs, others) => {
  const make = (value: object): string => build(value as never);

  test('the same inputs in another order give the same id', () => {
    const reversed = Object.fromEntries(Object.entries(inputs).reverse());
    expect(make(reversed)).toBe(make(inputs));
  });

  test('a change in any one input gives another id', () => {
    expect(Object.keys(others).sort()).toEqual(Object.keys(inputs).sort());
    const ids = Object.entries(others).map(([key, value]) => make({ ...inputs, [key]: value }));
    expect(new Set([make(inputs), ...ids]).size).toBe(ids.length + 1);
  });

  test('a field that is no input changes nothing', () => {
    expect(make({ ...inputs, recordedAt: 'now' })).toBe(make(inputs));
  });
});

test('identity - an id re-derives from its inputs with nothing but SHA-256 and sorted JSON', () => {
  const json = '{"eventId":"e1","id":"decision","username":"ana"}';
  const expected = createHash('sha256').update(json).digest('hex');
  expect(decisionId({ eventId: 'e1', username: 'ana' })).toBe(expected);
});

describe('identity - client order id', () => {
  test('fits what venues take, for every attempt', () => {
    for (let attempt = 1; attempt <= 99; attempt++) {
      expect(clientOrderId({ ...ORDER, attempt })).toMatch(/^c[1-9]\d?-[0-9a-v]{32}$/);
    }
  });

  test.each([0, 100, 1.5, Number.NaN])('attempt %s is refused', (attempt) => {
    expect(() => clientOrderId({ ...ORDER, attempt })).toThrow(
      `attempt must be a whole number from 1 to 99, was ${attempt}`,
    );
  });
});
