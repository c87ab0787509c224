import { describe, expect, test } from 'vitest';
import { freezeSnapshot } from '../assistants/freeze.ts';
import type { Memory } from '../assistants/mind.ts';
import { ROLES, type Role } from '../assistants/role.ts';
import type { Holdings, NewsDigest, Snapshot } from '../assistants/snapshot.ts';
import { speak } from '../assistants/speak.ts';
import { ACTIONS, type Kind, type Utterance } from '../assistants/speech.ts';
import { canonicalJson } from '../canonical.ts';
import { askedFor, heardBefore } from '../debate/asking.ts';
import { judge } from '../debate/judge.ts';
import { initialDebate, transition } from '../debate/machine.ts';
import { positionsAfter } from '../debate/positions.ts';
import { DEFAULT_RULES, type DebateRules } from '../debate/rules.ts';
import { DEFAULT_USER_CONFIG } from '../debate/user-config.ts';
import { EQUAL_REGIME_WEIGHTS, forEveryRole, type RegimeWeights } from '../debate/weights.ts';
import { REGIMES } from '../features/reading.ts';
import { type Forecast, forecastOf } from '../models/forecast.ts';
import { Random } from '../random.ts';
import { type DebateInputs, holdDebate } from './debate.ts';
import { Desk } from './desk.ts';
import { marketOf } from './market.fixture.ts';

// Failure here looks like: a backtest whose ring says other words than the servers' ring would, or
// decides otherwise when nobody writes them down.

type Question = Omit<DebateInputs, 'gear'>;

/** The debate as the servers hold it: every mail hears what `heardBefore` says, every round closes
 * on the stored words, and the judge reads them in any order. */
function asServersDo({ snapshot, memories, rules }: Question): readonly Utterance[] {
  let said: readonly Utterance[] = [];
  let [state, effects] = transition(initialDebate(rules), { type: 'opened' });
  for (;;) {
    const asked = effects[0];
    if (asked?.type !== 'hold_round') return said;
    const { round } = asked;
    for (const kind of asked.kinds) said = [...said, ...answers({ kind, round })];
    const positions = positionsAfter({ utterances: said, snapshot, round, rules });
    [state, effects] = transition(state, { type: 'round_closed', round, positions });
  }
  function answers({ kind, round }: { readonly kind: Kind; readonly round: number }) {
    const heard = heardBefore(said, round, kind);
    return askedFor(kind, round, heard).map((role) => {
      const content = speak({ role, kind, round, snapshot, heard, memory: memories[role] });
      const { eventId, symbol } = snapshot;
      const address = { debateId: '', eventId, symbol, round, kind, role, messageId: '' };
      return { ...address, content } as Utterance;
    });
  }
}

/** Questions from a made-up market: any books, news, memories, weights and rules. */
function* questions(seed: string, count: number): Generator<Question> {
  const random = new Random('questions', seed);
  const { candles, timeframe } = marketOf(seed, { candles: 200 + count });
  const desk = new Desk('BTC/USDT', timeframe);
  for (const candle of candles) {
    desk.fold(candle);
    const asked = desk.repeat('cadence');
    if (desk.index < 200 || asked === null) continue;
    const short = random.chance(0.05) ? random.whole(1, 31) : 32;
    const indicators = Object.fromEntries(
      Object.entries(asked.reading.indicators).map(([name, value]) => {
        return [name, random.chance(0.02) ? null : value];
      }),
    ) as unknown as Snapshot['reading']['indicators'];
    const snapshot = freezeSnapshot({
      ...{ eventId: `event ${desk.index}`, venue: 'paper', symbol: 'BTC/USDT', timeframe },
      trigger: asked.trigger,
      candles: asked.candles.slice(-short),
      reading: { ...asked.reading, indicators },
      holdings: holdingsOf(random, candle.close),
      news: random.chance(0.3) ? newsOf(random) : null,
      forecast: random.chance(0.4) ? forecastFrom(random) : undefined,
    });
    const memories = forEveryRole(() => memoryOf(random, candle.close));
    const weights = random.chance(0.3) ? weightsOf(random) : EQUAL_REGIME_WEIGHTS;
    const rules = rulesOf(random);
    yield { snapshot, memories, weights, rules, userConfig: DEFAULT_USER_CONFIG };
  }
}

function holdingsOf(random: Random, close: number): Holdings {
  const held = random.chance(0.6);
  return {
    equity: '10000',
    cash: '5000',
    quantity: held ? '0.05' : '0',
    entryPrice: held ? (close * random.between(0.97, 1.03)).toFixed(2) : '0',
    exposureBps: held ? random.whole(1, 7_000) : 0,
    drawdownBps: random.whole(0, 1_800),
    openOrders: random.chance(0.03) ? 1 : 0,
  };
}

function newsOf(random: Random): NewsDigest {
  const share = () => (random.chance(0.3) ? null : random.between(-1, 1));
  return { items: 3, newsSentiment: share(), socialSentiment: share(), marketCapChange: share() };
}

function forecastFrom(random: Random): Forecast {
  const [buy, sell] = [random.between(0, 0.6), random.between(0, 0.4)];
  const rest = { confidence: random.unit(), magnitude: 0.01, risk: 0.01 };
  const worthBp = random.chance(0.5) ? 10_000 : random.whole(0, 10_000);
  return forecastOf({ buy, sell, hold: 1 - buy - sell, ...rest }, 'ab'.repeat(32), worthBp);
}

function memoryOf(random: Random, close: number): Memory {
  const calls = Array.from({ length: random.whole(0, 50) }, (_, at) => ({
    closeTimeMs: at,
    action: random.pick(ACTIONS),
    confidenceBp: random.whole(0, 10_000),
    close: close * random.between(0.98, 1.02),
  }));
  return { calls };
}

function weightsOf(random: Random): RegimeWeights {
  const some = () => forEveryRole(() => (random.chance(0.1) ? 0 : random.whole(1, 1_000_000)));
  return Object.fromEntries(REGIMES.map((regime) => [regime, some()])) as RegimeWeights;
}

function rulesOf(random: Random): DebateRules {
  const maxRounds = random.pick([3, 3, 3, 2, 4, 5]);
  return { ...DEFAULT_RULES, maxRounds, confidentBp: random.pick([5_000, 2_500]) };
}

describe('a debate in one process', () => {
  test.each(Array.from({ length: 12 }, (_, seed) => `${seed}`))(
    'seed %s - the servers’ words, their judgement, and the same without words',
    (seed) => {
      let argued = 0;
      for (const question of questions(seed, 170)) {
        const said = asServersDo(question);
        const full = holdDebate({ ...question, gear: 'full' });
        expect(canonicalJson(full.transcript)).toBe(canonicalJson(said));
        const judged = judge({ ...question, utterances: [...said].reverse() });
        expect(canonicalJson(full.judgement)).toBe(canonicalJson(judged));
        const lean = holdDebate({ ...question, gear: 'lean' });
        expect(lean.ruling).toEqual(full.ruling);
        expect(lean.opinions).toEqual(full.opinions);
        expect([lean.transcript, lean.judgement]).toEqual([null, null]);
        if (said.some(({ kind, content }) => kind === 'revision' && content !== null)) argued += 1;
      }
      expect(argued).toBeGreaterThan(15);
    },
  );

  test('where everyone began and ended - is what they said', () => {
    for (const question of questions('ends', 60)) {
      const { opinions, transcript } = holdDebate({ ...question, gear: 'full' });
      const saidBy = (role: Role) => (transcript ?? []).filter((said) => said.role === role);
      expect(opinions.map(({ role }) => role)).toEqual(ROLES);
      for (const { role, first, choice } of opinions) {
        const own = saidBy(role);
        const opinion = own.find(({ kind }) => kind === 'opinion');
        const ballot = own.find(({ kind }) => kind === 'ballot');
        expect(opinion?.content).toMatchObject({ stance: first });
        expect(ballot?.content).toMatchObject({ choice });
      }
    }
  });
});
