import { describe, expect, test } from 'vitest';
import { marketOf } from '../market.fixture.ts';
import { farSighted } from '../predictions.fixture.ts';
import { simulate } from '../simulate.ts';
import type { Decision } from '../strategy.ts';
import { makeStrategy, STRATEGIES } from './list.ts';

// Failure here looks like: a strategy that is not what its list entry says, one that buys what it
// holds, or a parameter that is taken although it means nothing.

const market = marketOf('strategies', { candles: 2_500 });
const predictions = farSighted(market);
const ingredients = { gear: 'lean', predictions } as const;

function decisionsOf(name: string): readonly Decision[] {
  const strategy = makeStrategy(name, {}, ingredients);
  return simulate({ series: [market], strategy, gear: 'lean' }).decisions;
}

describe('every strategy of the list', () => {
  test.each(STRATEGIES)('$name - is made under its name and decides the same twice', (listed) => {
    const strategy = makeStrategy(listed.name, {}, ingredients);
    expect(strategy.name).toBe(listed.name);
    expect(strategy.version).toBeGreaterThan(0);
    expect(JSON.parse(JSON.stringify(strategy.parameters))).toEqual(strategy.parameters);
    const decisions = decisionsOf(listed.name);
    expect(decisions.length).toBeGreaterThan(0);
    expect(JSON.stringify(decisionsOf(listed.name))).toBe(JSON.stringify(decisions));
  });

  test.each(STRATEGIES)(
    '$name - decides the same on whole readings: it names all it reads',
    (one) => {
      const strategy = makeStrategy(one.name, {}, ingredients);
      const { name, version, warmup, parameters } = strategy;
      const whole = {
        ...{ name, version, warmup, parameters },
        decide: (...[closed, books]: Parameters<typeof strategy.decide>) => {
          for (const { reading } of closed) expect(reading.features.length).toBeGreaterThan(0);
          return strategy.decide(closed, books);
        },
      };
      const { decisions } = simulate({ series: [market], strategy: whole, gear: 'lean' });
      expect(strategy.reads).toBeDefined();
      expect(JSON.stringify(decisions)).toBe(JSON.stringify(decisionsOf(one.name)));
    },
  );

  test.each(STRATEGIES.filter(({ asked }) => asked === 'closes'))(
    '$name - buys only while flat, sells only while holding, and speaks only to trade',
    ({ name }) => {
      const strategy = makeStrategy(name, {}, ingredients);
      const watching = {
        ...strategy,
        decide: (...[closed, books]: Parameters<typeof strategy.decide>) => {
          const decisions = strategy.decide(closed, books);
          for (const { symbol, action } of decisions) {
            expect(action).toBe(books.entryPrice(symbol) === null ? 'BUY' : 'SELL');
          }
          return decisions;
        },
      };
      const { decisions } = simulate({ series: [market], strategy: watching, gear: 'lean' });
      expect(decisions.every(({ followUp }) => followUp.kind === 'order')).toBe(true);
      expect(decisions.some(({ action }) => action === 'SELL')).toBe(true);
    },
  );

  test('a model - is scored by its probabilities, in whole basis points', () => {
    const [first] = decisionsOf('ml');
    expect(first).toMatchObject({ action: 'BUY', confidenceBp: 7_000 });
    expect(first?.stance).toEqual({ buyBp: 6_000, sellBp: 1_000, holdBp: 3_000 });
  });

  test('the best single - begins with the first, then follows the record', () => {
    const spoke = new Set(decisionsOf('best-single').map(({ why }) => why.split(':')[0]));
    expect(spoke.size).toBeGreaterThan(1);
  });
});

describe('parameters', () => {
  test.each([
    ['no such strategy', 'moon', {}, 'strategy must be one of council, vote'],
    ['an unknown one', 'ml', { speed: 1 }, 'ml.speed must be enter, leave, confidence, was 1'],
    ['one of a strategy without any', 'vote', { enter: 1 }, 'vote.enter must be left out'],
    ['too high', 'trend-following', { adx: 101 }, 'must be a number from 0 to 100, was 101'],
    ['NaN', 'mean-reversion', { rsi: Number.NaN }, 'mean-reversion.rsi must be a number'],
    ['text', 'ensemble', { enter: '1' }, 'must be a number from 0 to 1, was "1"'],
    ['leaving above entering', 'ml', { enter: 0.1, leave: 0.2 }, 'ml.leave must be below ml.enter'],
  ])('%s - refused, with field, expected and found', (_, name, given, said) => {
    expect(() => makeStrategy(name, given, ingredients)).toThrow(said);
  });

  test('a model strategy without a model - refused', () => {
    expect(() => makeStrategy('ml', {}, { gear: 'lean' })).toThrow('model must be given for ml');
  });

  test('what is given - is what the trial is known by; the rest takes its default', () => {
    const { parameters } = makeStrategy('trend-following', { adx: 30 }, ingredients);
    expect(parameters).toEqual({ enter: 0.3, leave: 0, adx: 30 });
  });
});
