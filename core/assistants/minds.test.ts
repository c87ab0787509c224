import { describe, expect, test } from 'vitest';
import { EMPTY_MEMORY, type Memory } from './mind.ts';
import { minds } from './minds.ts';
import { ROLES, type Role } from './role.ts';
import { ABSENT, candlesOf, HOLDING, type SnapshotChange, snapshotOf } from './snapshot.fixture.ts';
import type { Opinion } from './speech.ts';
import { topAction } from './stance.ts';

const opinionOf = (role: Role, change: SnapshotChange = {}, memory: Memory = EMPTY_MEMORY) =>
  minds[role].opinion(snapshotOf(change), memory);
const wanted = (opinion: Opinion) => topAction(opinion.stance);
const textOf = (opinion: Opinion) => opinion.reasons.map((reason) => reason.text).join('; ');
const ballotOf = (role: Role, change: SnapshotChange = {}) =>
  minds[role].ballot({ snapshot: snapshotOf(change), memory: EMPTY_MEMORY, heard: [], round: 2 });

describe('every mind', () => {
  test.each(ROLES)('%s - its stance sums to 10,000 and its confidence is basis points', (role) => {
    const { stance, confidenceBp } = opinionOf(role);
    expect(minds[role].role).toBe(role);
    expect(stance.buyBp + stance.sellBp + stance.holdBp).toBe(10_000);
    expect(Number.isInteger(confidenceBp) && confidenceBp >= 0 && confidenceBp <= 10_000).toBe(
      true,
    );
  });

  test.each(ROLES)(
    '%s - with no facts at all it holds, barely sure, and does not crash',
    (role) => {
      const bare = {
        indicators: ABSENT,
        reading: { warm: false, candlesSeen: 1 },
        candles: candlesOf([100]),
        liquidity: { spreadBps: 0, meanQuoteVolume: 1 },
      };
      const opinion = opinionOf(role, bare);
      // The risk manager still sees what is at stake, and no chart is needed for that.
      const least = role === 'risk_manager' ? 5_500 : 2_500;
      expect(opinion.confidenceBp).toBeLessThanOrEqual(least);
      expect(['BUY', 'HOLD']).toContain(wanted(opinion));
      expect(ballotOf(role, bare).choice).not.toBe('SELL');
    },
  );

  test.each(ROLES)('%s - with not even a candle it says so', (role) => {
    expect(() => opinionOf(role, { candles: [], indicators: ABSENT })).not.toThrow();
  });
});

describe('market monitor', () => {
  test('a fall far beyond the usual, with volume - sells', () => {
    const crash = { change1: -0.02, change3: -0.05, volumeRatio: 4 };
    const opinion = opinionOf('market_monitor', { indicators: crash });
    expect(wanted(opinion)).toBe('SELL');
    expect(textOf(opinion)).toContain('price fell 5.0 % in 3 candles, 7.2 times the usual');
  });

  test('the same move in a wild market - is no news', () => {
    const wild = { change3: -0.01, volatilityMean: 0.02, volatility20: 0.02 };
    expect(wanted(opinionOf('market_monitor', { indicators: wild }))).toBe('HOLD');
  });
});

describe('technical analyst', () => {
  test('oversold on every oscillator - buys, and says why', () => {
    const indicators = { rsi14: 18, stochasticK: 4, stochasticD: 6, williamsR: -98, cci20: -220 };
    const opinion = opinionOf('technical_analyst', { indicators });
    expect(wanted(opinion)).toBe('BUY');
    expect(opinion.reasons[0]).toEqual({
      text: 'RSI 18 is oversold',
      evidence: [{ fact: 'reading.indicators.rsi14', value: 18 }],
    });
  });

  test('overbought with an evening star - sells', () => {
    const indicators = { rsi14: 82, stochasticK: 96, stochasticD: 94, williamsR: -2, cci20: 220 };
    const opinion = opinionOf('technical_analyst', {
      indicators,
      reading: { patterns: ['evening_star'] },
    });
    expect(wanted(opinion)).toBe('SELL');
  });

  test('some indicators absent - the others are read, with less confidence', () => {
    const indicators = { rsi14: 18, williamsR: -98 };
    const whole = opinionOf('technical_analyst', { indicators });
    const part = opinionOf('technical_analyst', {
      indicators: { ...ABSENT, ...indicators },
    });
    expect(wanted(part)).toBe('BUY');
    expect(part.confidenceBp).toBeLessThan(whole.confidenceBp + 5_000);
    expect(part.confidenceBp).toBeLessThan(4_000);
  });
});

describe('fundamental analyst', () => {
  const news = { items: 9, newsSentiment: -0.7, socialSentiment: -0.4, marketCapChange: -0.06 };

  test('no news source - says so, holds, and abstains', () => {
    const opinion = opinionOf('fundamental_analyst');
    expect([wanted(opinion), opinion.confidenceBp, textOf(opinion)]).toEqual([
      'HOLD',
      500,
      'no news source',
    ]);
    expect(ballotOf('fundamental_analyst')).toMatchObject({
      choice: 'ABSTAIN',
      reason: 'no news source',
    });
  });

  test('bad news - sells and votes', () => {
    expect(wanted(opinionOf('fundamental_analyst', { news }))).toBe('SELL');
    expect(ballotOf('fundamental_analyst', { news }).choice).toBe('SELL');
  });

  test('one source of three - is worth less confidence', () => {
    const one = { ...news, socialSentiment: null, marketCapChange: null };
    const part = opinionOf('fundamental_analyst', { news: one });
    const whole = opinionOf('fundamental_analyst', { news });
    expect(part.confidenceBp).toBeLessThan(whole.confidenceBp);
  });
});

describe('risk manager', () => {
  test('much at stake and falling - sells', () => {
    const holdings = { ...HOLDING, exposureBps: 6_500, drawdownBps: 900 };
    const candles = candlesOf(Array.from({ length: 32 }, (_, index) => 104 - index * 0.25));
    expect(wanted(opinionOf('risk_manager', { holdings, candles }))).toBe('SELL');
  });

  test('calm and nothing at stake - sees room to buy', () => {
    expect(wanted(opinionOf('risk_manager', { indicators: { volatility20: 0.002 } }))).toBe('BUY');
  });

  test.each([
    ['not_warm', { indicators: { volatility20: null } }],
    ['volatility_extreme', { indicators: { volatility20: 0.021, volatilityMean: 0.02 } }],
    ['volatility_spike', { indicators: { volatility20: 0.009, volatilityMean: 0.004 } }],
    ['exposure_full', { holdings: { exposureBps: 5_000 } }],
    ['drawdown_deep', { holdings: { drawdownBps: 1_500 } }],
  ] as const)('%s - is vetoed with its code', (code, change) => {
    expect(ballotOf('risk_manager', change).veto?.code).toBe(code);
  });

  test('an ordinary market - is not vetoed', () => {
    expect(ballotOf('risk_manager').veto).toBeNull();
  });
});

describe('strategist', () => {
  const stretched = { bollingerMiddle: 103, sma20: 103, sma50: 101.5, change12: -0.01 };

  test('the same chart - is bought in a calm market, sold in a down trend', () => {
    const falling = { sma20: 99, sma50: 100.5, change12: -0.02, bollingerMiddle: 101.2 };
    const calm = opinionOf('strategist', { indicators: falling, reading: { regime: 'calm' } });
    const down = opinionOf('strategist', {
      indicators: falling,
      reading: { regime: 'trend_down' },
    });
    expect(down.stance.sellBp).toBeGreaterThan(calm.stance.sellBp);
    expect(wanted(down)).toBe('SELL');
  });

  test('stretched far below its mean - buys the return', () => {
    const opinion = opinionOf('strategist', { indicators: stretched });
    expect(wanted(opinion)).toBe('BUY');
    expect(textOf(opinion)).toContain('close is 3.0 ATR below its mean');
  });
});

describe('executor', () => {
  test('well below the day price - buying is cheap; above it selling is dear', () => {
    expect(wanted(opinionOf('executor', { indicators: { vwap: 104 } }))).toBe('BUY');
    expect(wanted(opinionOf('executor', { indicators: { vwap: 96 } }))).toBe('SELL');
  });

  test.each([
    ['1 order is still open', { holdings: { openOrders: 1 } }],
    ['nothing is traded here', { liquidity: { spreadBps: 1, meanQuoteVolume: 0 } }],
    ['spread 90 bps, at most 60', { liquidity: { spreadBps: 90, meanQuoteVolume: 1_000 } }],
  ])('%s - votes "not executable"', (why, change) => {
    const ballot = ballotOf('executor', change);
    expect(ballot).toMatchObject({ choice: 'HOLD', reason: `not executable: ${why}` });
  });
});

describe('auditor', () => {
  const steady = Array.from({ length: 32 }, (_, index) => 100 + index);

  test('a straight path - is worth following; noise is not', () => {
    expect(wanted(opinionOf('auditor', { candles: candlesOf(steady) }))).toBe('BUY');
    const noise = steady.map((_, index) => 100 + ((index * 7) % 5));
    expect(wanted(opinionOf('auditor', { candles: candlesOf(noise) }))).not.toBe('BUY');
  });

  test('stale data - abstains and says what is stale', () => {
    const candles = candlesOf(steady);
    const late = { candles, closeTimeMs: (candles.at(-1)?.closeTimeMs ?? 0) + 300_000 };
    expect(ballotOf('auditor', late).choice).toBe('ABSTAIN');
    const holed = [...candles.slice(0, 28), ...candles.slice(31)];
    expect(ballotOf('auditor', { candles: holed }).reason).toBe(
      'stale data: 3 candles are missing',
    );
  });
});

describe('memory', () => {
  const calls = (right: boolean): Memory => ({
    calls: Array.from({ length: 12 }, (_, index) => ({
      closeTimeMs: index,
      action: 'BUY' as const,
      confidenceBp: 5_000,
      close: right ? 80 + index : 120 - index,
    })),
  });
  const oversold = { indicators: { rsi14: 18 } };

  test.each(['technical_analyst', 'strategist', 'market_monitor'] as const)(
    '%s - wrong lately, so less sure; right lately, no surer than the evidence',
    (role) => {
      const plain = opinionOf(role, oversold).confidenceBp;
      expect(opinionOf(role, oversold, calls(false)).confidenceBp).toBeLessThan(plain);
      expect(opinionOf(role, oversold, calls(true)).confidenceBp).toBe(plain);
    },
  );
});
