import { describe, expect, test } from 'vitest';
import type { Utterance } from '../assistants/speech.ts';
import { TIMEFRAMES } from '../market/candle.ts';
import { marketOf } from './market.fixture.ts';
import { farSighted } from './predictions.fixture.ts';
import { simulate } from './simulate.ts';
import { makeStrategy } from './strategies/list.ts';
import type { CouncilRecord, Decision, Gear } from './strategy.ts';

// Failure here looks like: a model that is said to be in a backtest and that nobody in the ring
// hears, or one that is heard in one gear and not in the other.

const market = marketOf('council', { candles: 1_200 });
/** Nothing is foretold of the second half. */
const HALF = 600;
const predictions = farSighted(market, (index) => index < HALF);

function runOf(gear: Gear, heard: boolean) {
  const strategy = makeStrategy('council', {}, { gear, ...(heard ? { predictions } : {}) });
  return simulate({ series: [market], strategy, gear });
}

const [full, lean, without] = [runOf('full', true), runOf('lean', true), runOf('lean', false)];

function indexOf({ closeTimeMs }: Decision): number {
  const firstMs = market.candles.at(0)?.openTimeMs ?? 0;
  return (closeTimeMs + 1 - firstMs) / TIMEFRAMES[market.timeframe] - 1;
}

const citesForecast = ({ content }: Utterance): boolean =>
  JSON.stringify(content).includes('"forecast.');

describe('the council with a model', () => {
  test('both gears - decide and trade the same', () => {
    const wordless = ({ transcript: _, judgement: __, ...record }: Partial<CouncilRecord>) =>
      record;
    const bare = ({ council, ...decision }: Decision) =>
      JSON.stringify({ ...decision, record: wordless(council ?? {}) });
    expect(full.decisions.length).toBeGreaterThan(50);
    expect(lean.decisions.map(bare)).toEqual(full.decisions.map(bare));
    expect(lean.fills).toEqual(full.fills);
  });

  test('a model that is right - changes what the ring decides', () => {
    const actions = ({ decisions }: typeof lean) => decisions.map(({ action }) => action).join();
    expect(actions(lean)).not.toBe(actions(without));
    expect(lean.strategy.parameters).toEqual({
      ...without.strategy.parameters,
      model: predictions.model.hash,
    });
  });

  test('each decision - rests on the answer to its own candle, or on none', () => {
    const seen = { foretold: 0, cited: 0, silent: 0 };
    for (const decision of full.decisions) {
      const prediction = predictions.at('BTC/USDT', indexOf(decision));
      const { transcript = [], arms } = decision.council ?? {};
      const said = transcript.filter(citesForecast);
      if (prediction === null) {
        expect([arms?.model, said]).toEqual([undefined, []]);
        seen.silent += 1;
        continue;
      }
      const action = prediction.buy > prediction.sell ? 'BUY' : 'SELL';
      expect(arms?.model).toEqual({ hash: 'a'.repeat(64), action, confidenceBp: 7_000 });
      const value = Math.round(prediction.buy * 10_000);
      for (const { content } of said) {
        const cited = JSON.stringify(content).match(/"forecast\.buyBp","value":\d+/g) ?? [];
        expect(new Set(cited)).toEqual(new Set([`"forecast.buyBp","value":${value}`]));
      }
      seen.foretold += 1;
      if (said.some(({ role }) => role === 'strategist')) seen.cited += 1;
    }
    expect(seen.foretold).toBeGreaterThan(20);
    expect(seen.cited).toBeGreaterThan(seen.foretold / 2);
    expect(seen.silent).toBeGreaterThan(20);
  });

  test('what is said of a forecast - is true: nothing is void, nobody is struck', () => {
    let argued = 0;
    for (const { council } of full.decisions) {
      expect(council?.judgement?.votes.filter(({ status }) => status === 'void')).toEqual([]);
      const ballots = council?.transcript?.filter(({ kind }) => kind === 'ballot') ?? [];
      expect(ballots.some(({ content }) => JSON.stringify(content).includes('claims'))).toBe(false);
      const talk = council?.transcript?.filter(({ kind }) => kind === 'challenge') ?? [];
      argued += talk.filter(citesForecast).length;
    }
    expect(argued).toBeGreaterThan(0);
  });

  test('who never hears the model - is not another trial for it', () => {
    const parametersOf = (name: string) =>
      makeStrategy(name, {}, { gear: 'lean', predictions }).parameters;
    for (const name of ['council', 'vote', 'best-single', 'assistant:strategist']) {
      expect(parametersOf(name)).toMatchObject({ model: predictions.model.hash });
    }
    for (const name of ['assistant:executor', 'trend-following']) {
      expect(JSON.stringify(parametersOf(name))).not.toContain(predictions.model.hash);
    }
  });
});
