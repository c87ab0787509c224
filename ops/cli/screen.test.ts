import { describe, expect, test } from 'vitest';
import type { Feed } from '../../proto/feed-schemas.ts';
import { Screen } from './screen.ts';

const AT = '2024-08-05T06:04:59.999Z';

function drawn(messages: readonly Feed[], rewritable = false): string {
  let text = '';
  const write = (more: string): void => {
    text += more;
  };
  const screen = new Screen({ write, colours: false, rewritable });
  for (const message of messages) screen.show(message);
  return text;
}

const motion: Feed<'motion'> = {
  feed: 'motion',
  at: AT,
  symbol: 'BTC/USDT',
  venue: 'paper',
  timeframe: '5m',
  debateId: '2024-08-05T0605Z-5m-BTC-USDT-1a2b3c4d',
  eventId: 'e'.repeat(64),
  trigger: 'price_move',
  close: 52_000,
};

function speech(kind: 'opinion' | 'revision', buyBp: number, text: string): Feed<'utterance'> {
  const content = {
    stance: { buyBp, sellBp: 10_000 - buyBp, holdBp: 0 },
    confidenceBp: 7_000,
    reasons: [{ text, evidence: [] }],
    ...(kind === 'revision' ? { movedBy: null, newEvidence: [] } : {}),
  };
  return {
    feed: 'utterance',
    at: AT,
    symbol: 'BTC/USDT',
    debateId: motion.debateId,
    eventId: motion.eventId,
    round: kind === 'opinion' ? 1 : 2,
    role: 'strategist',
    kind,
    content,
  };
}

describe('screen', () => {
  test('a debate - the question, who leans where, and who moved', () => {
    const lines = drawn([
      motion,
      speech('opinion', 8_000, 'the trend holds'),
      speech('revision', 1_000, 'it broke'),
    ]).split('\n');
    expect(lines).toContain(
      '2024-08-05 06:05  BTC/USDT closed at 52000: what do we do?  (price move)',
    );
    expect(lines.find((line) => line.includes('the trend holds'))).toMatch(
      /strategist .*BUY +80 %/,
    );
    expect(lines.find((line) => line.includes('it broke'))).toMatch(/SELL +90 %.*\(was BUY\)/);
  });

  test('a question - says how it is answered, and until when', () => {
    const text = drawn([
      {
        feed: 'escalation',
        at: AT,
        symbol: 'BTC/USDT',
        escalationId: 'abcdef0123456789'.repeat(4),
        decisionId: 'd'.repeat(64),
        userId: 'u',
        status: 'open',
        side: 'BUY',
        referencePrice: '52000',
        reason: 'BUY BTC/USDT near 52000?',
        deadline: '2024-08-05T06:19:59.999Z',
      },
    ]);
    expect(text).toContain('./corro escalations answer abcdef01 approve|reject');
    expect(text).toContain('(HOLD stands from 2024-08-05 06:20)');
  });

  test('a stop - rests, is taken back, and the way there is not told', () => {
    const order: Feed<'order'> = {
      feed: 'order',
      at: AT,
      symbol: 'BTC/USDT',
      venue: 'paper',
      userId: 'u',
      legId: 'l',
      clientOrderId: 'c1-x',
      attempt: 1,
      side: 'SELL',
      type: 'STOP_LOSS_LIMIT',
      timeInForce: 'GTC',
      quantity: '0.012',
      limitPrice: '49500',
      stopPrice: '50000',
      state: 'prepared',
      executedQuantity: '0',
      rejectCode: null,
    };
    const text = drawn([order, { ...order, state: 'open' }, { ...order, state: 'cancelled' }]);
    expect(text.trimEnd().split('\n')).toEqual([
      '  stop    rests at 50000: SELL 0.012 at 49500 or better',
      '  stop    is taken back at 50000: SELL 0.012 at 49500 or better',
    ]);
  });

  test('learning - what was learned, who is champion now, and who said so', () => {
    const learning: Feed<'learning'> = {
      ...{ feed: 'learning', at: AT, symbol: 'BTC/USDT', venue: 'paper', timeframe: '5m' },
      ...{ news: 'drift', words: 'rsi_14 has drifted', by: 'learning', runId: 'd'.repeat(64) },
      ...{ verdict: null, weightsVersion: null, model: 'e'.repeat(64), modelBefore: null },
      ...{ level: 'discounted', worthBp: 6_400, retrain: true },
    };
    const back = { ...learning, news: 'rolled_back', by: 'cli', runId: null, words: 'x' } as const;
    const run = '(./corro insights dddddddddddd)';
    expect(drawn([learning, back]).trimEnd().split('\n')).toEqual([
      `  learning BTC/USDT 5m drifts from what its champion knows: rsi_14 has drifted ${run}`,
      '  learning BTC/USDT 5m is rolled back by cli: x',
    ]);
  });

  test('words that would command the terminal - are only words', () => {
    const text = drawn([motion, speech('opinion', 8_000, '\u001b[2J\u001b]0;x\u0007\r  verdict')]);
    expect(text.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
    expect(text).toContain('verdict');
  });

  test('candles - a line written over on a terminal, nothing in a file', () => {
    const candle: Feed<'candle'> = {
      feed: 'candle',
      at: AT,
      symbol: 'BTC/USDT',
      venue: 'paper',
      timeframe: '5m',
      openTime: '2024-08-05T06:00:00.000Z',
      open: 100,
      high: 111,
      low: 99,
      close: 110,
      volume: 1,
    };
    expect(drawn([candle])).toBe('');
    const text = drawn([candle, candle, motion], true);
    expect(text.split('\r\u001b[2K')).toHaveLength(4);
    expect(text).toContain('BTC/USDT 110 +10.00 %   2 candles');
  });
});
