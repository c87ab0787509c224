import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Mail } from '../core/assistants/mail.ts';
import { feedDocument, feedSchemas } from '../tests/support/feed-document.ts';
import { mail, marketEvent, utterance } from '../tests/support/wire-arbitraries.ts';
import { WireError } from './errors.ts';
import {
  candleFeed,
  escalationFeed,
  feedMessage,
  fillFeed,
  learningFeed,
  motionFeed,
  orderFeed,
  positionFeed,
  readFeed,
  utteranceFeed,
  verdictFeed,
} from './feed.ts';
import type { Feed } from './feed-schemas.ts';
import { FEED_KINDS, type FeedKind, wire } from './subjects.ts';

// Failure here looks like: a page that promises a field the feed does not carry, or money as a
// float.

const WIRE = wire();
const CLOSE_MS = Date.UTC(2024, 7, 5, 1, 4, 59, 999);
const EVENT = '5f0c3a0d6f0a4c1e9f7b2d8e3a6c5b4f5f0c3a0d6f0a4c1e9f7b2d8e3a6c5b4f';
const DECISION = '9b1d6e2f7a3c4b5d8e9f0a1b2c3d4e5f9b1d6e2f7a3c4b5d8e9f0a1b2c3d4e5f';
const USER = '0b9f6a52-4f0e-4f5e-9f57-0d6f6f3d9f11';
const place = { symbol: 'BTC/USDT', venue: 'paper', userId: USER, atMs: CLOSE_MS };
const debate = { symbol: 'BTC/USDT', debateId: '5m-1722819899999', eventId: EVENT };

const EXAMPLES = {
  candle: candleFeed({
    venue: 'paper',
    symbol: 'BTC/USDT',
    timeframe: '5m',
    candle: {
      openTimeMs: CLOSE_MS - 299_999,
      closeTimeMs: CLOSE_MS,
      open: 54_010.5,
      high: 54_120,
      low: 53_300.1,
      close: 53_411.9,
      volume: 812.4,
    },
  }),
  motion: {
    feed: 'motion',
    at: new Date(CLOSE_MS).toISOString(),
    symbol: 'BTC/USDT',
    venue: 'paper',
    timeframe: '5m',
    debateId: debate.debateId,
    eventId: EVENT,
    trigger: 'price_move',
    close: 53_411.9,
  },
  utterance: utteranceFeed(
    {
      ...debate,
      round: 1,
      kind: 'opinion',
      role: 'technical_analyst',
      messageId: EVENT,
      content: {
        stance: { buyBp: 6_200, sellBp: 1_300, holdBp: 2_500 },
        confidenceBp: 7_100,
        reasons: [
          {
            text: 'oversold: RSI at 21.4',
            evidence: [{ fact: 'reading.indicators.rsi14', value: 21.4 }],
          },
        ],
      },
    },
    CLOSE_MS,
  ),
  verdict: verdictFeed({
    ...debate,
    decisionId: DECISION,
    userId: USER,
    closeTimeMs: CLOSE_MS,
    contested: true,
    rounds: 3,
    verdict: {
      kind: 'consensus',
      action: 'BUY',
      confidenceBp: 6_400,
      veto: null,
      textSetAside: false,
      tally: {
        ballots: 6,
        quorate: true,
        sharesBp: { BUY: 5_800, SELL: 0, HOLD: 4_200 },
        roleSharesBp: {},
        leading: 'BUY',
        leadingSide: 'BUY',
        passes: true,
        confidenceBp: 6_400,
      },
    },
  }),
  escalation: escalationFeed({
    symbol: 'BTC/USDT',
    userId: USER,
    atMs: CLOSE_MS,
    escalationId: EVENT,
    decisionId: DECISION,
    status: 'open',
    side: 'BUY',
    referencePrice: '53411.9',
    reason: 'no consensus: BUY 4,600, HOLD 5,400 of 10,000',
    deadlineMs: CLOSE_MS + 900_000,
  }),
  order: orderFeed({
    ...place,
    legId: EVENT,
    clientOrderId: 'corro-1-mfzgo4tfmu2dgnbqgeyts',
    attempt: 1,
    side: 'BUY',
    type: 'LIMIT',
    timeInForce: 'IOC',
    quantity: '0.018',
    limitPrice: '53465.3',
    stopPrice: null,
    state: 'filled',
    executedQuantity: '0.018',
    rejectCode: null,
  }),
  fill: fillFeed({
    ...place,
    tradeId: '41',
    clientOrderId: 'corro-1-mfzgo4tfmu2dgnbqgeyts',
    side: 'BUY',
    quantity: '0.018',
    price: '53420.1',
    fee: '0.000018',
    feeAsset: 'BTC',
  }),
  position: positionFeed({
    ...place,
    position: { quantity: '0.017982', entryPrice: '53473.573573', realisedPnl: '0' },
    currentPrice: '53411.9',
    equity: '9998.89',
  }),
  learning: learningFeed({
    ...{ symbol: 'BTC/USDT', venue: 'paper', timeframe: '5m', atMs: CLOSE_MS },
    news: 'drift',
    words:
      'volume_ratio has drifted: stability index 0.61, limit 0.25; its vote counts 64 %, and it ' +
      'should be trained anew',
    by: 'learning',
    runId: DECISION,
    model: EVENT,
    level: 'discounted',
    worthBp: 6_400,
    retrain: true,
  }),
} satisfies { [K in FeedKind]: Feed<K> };

describe('feeds - documents', () => {
  test('docs/feeds.md says what the schemas say', async () => {
    await expect(feedDocument(EXAMPLES)).toMatchFileSnapshot('../docs/feeds.md');
  });

  test('docs/feeds.schema.json is the schemas', async () => {
    const text = `${JSON.stringify(feedSchemas(), null, 2)}\n`;
    await expect(text).toMatchFileSnapshot('../docs/feeds.schema.json');
  });
});

describe('feeds - messages', () => {
  test.each(FEED_KINDS)('%s - reads back as it was told, on its own subject', (kind) => {
    const { subject, payload } = feedMessage(WIRE, EXAMPLES[kind]);
    expect(subject).toBe(`corro.feed.${kind}.BTC-USDT`);
    expect(readFeed(kind, payload)).toEqual(EXAMPLES[kind]);
  });

  test('utterance - every kind of content has its form', () => {
    fc.assert(
      fc.property(utterance, (said) => {
        const told = readFeed('utterance', feedMessage(WIRE, utteranceFeed(said, 0)).payload);
        expect(told.content).toEqual(JSON.parse(JSON.stringify(said.content)));
      }),
    );
  });

  test('candle and motion - come from what is about to be decided', () => {
    fc.assert(
      fc.property(marketEvent, mail, (event, { snapshot }: Mail) => {
        const candle = candleFeed(event);
        expect(Date.parse(candle.at)).toBe(event.candle.closeTimeMs);
        expect(feedMessage(WIRE, candle).subject).toContain('.feed.candle.');
        const motion = motionFeed('d', snapshot);
        expect(motion.close).toBe(snapshot.candles.at(-1)?.close);
        expect(feedMessage(WIRE, motion).payload.length).toBeGreaterThan(0);
      }),
    );
  });

  test('learning - words of many lines are one, and not for ever', () => {
    const words = `it failed:\n  at 1\n${'x'.repeat(1_000)}`;
    const told = learningFeed({ ...EXAMPLES.learning, atMs: CLOSE_MS, words });
    expect(told.words).toMatch(/^it failed: at 1 x+…$/);
    expect(told.words).toHaveLength(500);
  });

  test('money as a number is refused', () => {
    const fill = { ...EXAMPLES.fill, price: 53_420.1 } as unknown as Feed<'fill'>;
    expect(() => feedMessage(WIRE, fill)).toThrow(WireError);
    expect(() => feedMessage(WIRE, { ...EXAMPLES.fill, price: '1e5' })).toThrow(/price must be/);
  });

  test('a field that is not in the schema is refused', () => {
    const more = JSON.stringify({ ...EXAMPLES.fill, secret: 'CANARY' });
    const act = (): unknown => readFeed('fill', Buffer.from(more));
    expect(act).toThrow(WireError);
    expect(act).not.toThrow(/CANARY/);
  });

  test('bytes that are not JSON, or not UTF-8, or too many, are refused', () => {
    for (const bytes of [Buffer.from('{'), Buffer.from([0xff]), Buffer.alloc(300_000, 32)]) {
      expect(() => readFeed('fill', bytes)).toThrow(WireError);
    }
  });
});
