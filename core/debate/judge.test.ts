import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ROLES, type Role } from '../assistants/role.ts';
import { FORECAST, HOLDING, snapshotOf } from '../assistants/snapshot.fixture.ts';
import { KINDS, type Revision, type Utterance } from '../assistants/speech.ts';
import { followUp } from './follow-up.ts';
import { type JudgeInputs, judge } from './judge.ts';
import { positionsAfter } from './positions.ts';
import { DEFAULT_RULES } from './rules.ts';
import { inRound, said, talkOf, votes, wants } from './talk.fixture.ts';
import { DEFAULT_USER_CONFIG, DEFAULT_USER_RULES } from './user-config.ts';
import { EQUAL_REGIME_WEIGHTS } from './weights.ts';

const snapshot = snapshotOf();
const TRUE_CLAIM = { fact: 'reading.indicators.rsi14', value: 50 };
const FALSE_CLAIM = { fact: 'reading.indicators.rsi14', value: 12 };
const VETO = { code: 'volatility_spike', text: 'too wild' };

const judged = (utterances: readonly Utterance[], change: Partial<JudgeInputs> = {}) =>
  judge({
    utterances,
    snapshot,
    weights: EQUAL_REGIME_WEIGHTS,
    userConfig: DEFAULT_USER_CONFIG,
    rules: DEFAULT_RULES,
    ...change,
  });
const voteOf = (role: Role, utterances: readonly Utterance[]) =>
  judged(utterances).votes.find((vote) => vote.role === role);
const ALL_BUY = talkOf(['BUY', 'BUY', 'BUY', 'BUY', 'BUY', 'BUY', 'BUY']);
/** The talk without one role's utterances of some kinds. */
const without = (role: Role, kinds: readonly string[] = KINDS) =>
  ALL_BUY.filter((one) => one.role !== role || !kinds.includes(one.kind));

describe('judge', () => {
  test('seven agree - consensus, one vote a role, arms beside it', () => {
    const judgement = judged(ALL_BUY);
    expect(judgement.verdict).toMatchObject({ kind: 'consensus', action: 'BUY' });
    expect(judgement.votes.map((vote) => vote.role)).toEqual(ROLES);
    expect(judgement.votes.reduce((sum, vote) => sum + vote.shareBp, 0)).toBe(10_000);
    expect(judgement.arms).toEqual({
      bestSingle: { role: 'market_monitor', action: 'BUY', confidenceBp: 6_000 },
      voteWithoutDebate: { kind: 'consensus', action: 'BUY', confidenceBp: 6_000 },
      hold: { action: 'HOLD' },
    });
    expect(judgement).toMatchObject({ rounds: 3, contested: false, rulesVersion: 1 });
  });

  test('a forecast - what the model alone says is an arm of its own, a tie is HOLD', () => {
    const armOf = (change: object) =>
      judged(ALL_BUY, { snapshot: snapshotOf({ forecast: { ...FORECAST, ...change } }) }).arms;
    const { model, confidenceBp } = FORECAST;
    expect(armOf({ worthBp: 0 }).model).toEqual({ hash: model, action: 'BUY', confidenceBp });
    const torn = { buyBp: 4_000, sellBp: 4_000, holdBp: 2_000 };
    expect(armOf(torn).model).toEqual({ hash: model, action: 'HOLD', confidenceBp });
    const { model: alone, ...others } = armOf({});
    expect(alone).toBeDefined();
    expect(others).toEqual(judged(ALL_BUY).arms);
  });

  test('a claim about the forecast - is as true as what stands in the snapshot', () => {
    const foretold = snapshotOf({ forecast: FORECAST });
    const ballotOn = (value: number, about: typeof snapshot) => {
      const evidence = [{ fact: 'forecast.buyBp', value }];
      const talk = [
        ...without('strategist', ['opinion']),
        said('strategist', 'opinion', wants('BUY', { evidence })),
      ];
      const { votes: counted } = judged(talk, { snapshot: about });
      return counted.find(({ role }) => role === 'strategist');
    };
    expect(ballotOn(FORECAST.buyBp, foretold)?.status).toBe('counted');
    expect(ballotOn(FORECAST.buyBp + 1, foretold)).toMatchObject({
      status: 'void',
      why: 'claims forecast.buyBp 6101, which the snapshot does not say',
    });
    expect(ballotOn(FORECAST.buyBp, snapshot)?.status).toBe('void');
  });

  test('silence - never trades', () => {
    for (let voices = 0; voices < 5; voices += 1) {
      const talk = talkOf(ROLES.map((_, index) => (index < voices ? 'BUY' : null)));
      expect(judged(talk).verdict).toMatchObject({ kind: 'inquorate', action: 'HOLD' });
    }
    expect(judged([]).votes.every((vote) => vote.status === 'silent')).toBe(true);
  });

  test('a veto - counts from the risk manager, even twice-voted or with a false claim', () => {
    const veto = said('risk_manager', 'ballot', votes('HOLD', { veto: VETO }));
    expect(judged([...without('risk_manager', ['ballot']), veto]).verdict.kind).toBe('vetoed');
    expect(judged([...ALL_BUY, veto]).verdict.kind).toBe('vetoed');
    const lying = said('risk_manager', 'opinion', wants('HOLD', { evidence: [FALSE_CLAIM] }));
    expect(judged([...without('risk_manager'), lying, veto]).verdict.kind).toBe('vetoed');
  });

  test('a veto - of anybody else is not one', () => {
    const veto = said('executor', 'ballot', votes('BUY', { veto: VETO }));
    expect(judged([...without('executor', ['ballot']), veto]).verdict.kind).toBe('consensus');
  });

  test('two different ballots of one role - void; the same one twice counts once', () => {
    const other = inRound(4, said('strategist', 'ballot', votes('SELL')));
    expect(voteOf('strategist', [...ALL_BUY, other])?.status).toBe('void');
    expect(judged([...ALL_BUY, ...ALL_BUY])).toEqual(judged(ALL_BUY));
  });

  test('a ballot that rests on no opinion - is void', () => {
    expect(voteOf('strategist', without('strategist', ['opinion']))?.status).toBe('void');
  });

  test('an opinion with a number the snapshot does not say - voids the ballot', () => {
    const lying = said('strategist', 'opinion', wants('BUY', { evidence: [FALSE_CLAIM] }));
    const vote = voteOf('strategist', [...without('strategist', ['opinion']), lying]);
    expect(vote?.status).toBe('void');
    expect(vote?.why).toContain('reading.indicators.rsi14 12');
  });

  test('a strike - voids a role whose talk made a false claim, and nobody else', () => {
    const strikes = [
      { role: 'strategist', text: 'false' },
      { role: 'executor', text: 'false' },
    ] as const;
    const auditor = said('auditor', 'ballot', votes('BUY', { strikes }));
    const lie = { to: 'executor', text: 'is it?', evidence: [FALSE_CLAIM] } as const;
    const talk = [...without('auditor', ['ballot']), said('strategist', 'challenge', lie)];
    expect(voteOf('strategist', [...talk, auditor])?.status).toBe('void');
    expect(voteOf('executor', [...talk, auditor])?.status).toBe('counted');
    const nobody = said('auditor', 'ballot', votes('BUY'));
    expect(voteOf('strategist', [...talk, nobody])?.status).toBe('counted');
  });

  test('a change of mind without new evidence - is recorded and counts half', () => {
    const flip = said('strategist', 'ballot', votes('SELL'));
    const vote = voteOf('strategist', [...without('strategist', ['ballot']), flip]);
    expect(vote).toMatchObject({ status: 'counted', choice: 'SELL', worthBp: 5_000 });
  });

  test('a change of mind owed to evidence another brought - counts whole', () => {
    const talk = [...without('strategist', ['ballot']), ...movedStrategist()];
    expect(voteOf('strategist', talk)).toMatchObject({ choice: 'SELL', worthBp: 10_000 });
    const unbacked = talk.filter((one) => one.kind !== 'challenge');
    expect(voteOf('strategist', unbacked)).toMatchObject({ choice: 'SELL', worthBp: 5_000 });
  });

  test('positions - the same revision, with and without its evidence', () => {
    const talk = [...without('strategist', ['ballot']), ...movedStrategist()];
    const inputs = { snapshot, round: 2, rules: DEFAULT_RULES };
    const at = (utterances: readonly Utterance[]) =>
      positionsAfter({ utterances, ...inputs }).find((one) => one.role === 'strategist');
    expect(at(talk)).toMatchObject({ confidenceBp: 6_000, moved: true, grounded: true });
    const unbacked = talk.filter((one) => one.kind !== 'challenge');
    expect(at(unbacked)).toMatchObject({ confidenceBp: 3_000, moved: true });
  });

  test("a user's weights and threshold - apply to the same ballots", () => {
    const split = talkOf(['BUY', 'BUY', 'ABSTAIN', 'BUY', 'BUY', 'HOLD', 'HOLD']);
    const strict = { ...DEFAULT_USER_CONFIG, rules: { ...DEFAULT_USER_RULES, thresholdBp: 7_000 } };
    const trusting = { ...DEFAULT_USER_CONFIG, weights: { auditor: 50_000 } };
    expect(judged(split).verdict).toMatchObject({ kind: 'consensus', action: 'BUY' });
    expect(judged(split, { userConfig: strict }).verdict.kind).toBe('no_consensus');
    expect(judged(split, { userConfig: trusting }).verdict.action).toBe('HOLD');
  });
});

function movedStrategist(): Utterance[] {
  const revision: Revision = {
    ...wants('SELL', { evidence: [TRUE_CLAIM] }),
    movedBy: 'technical_analyst',
    newEvidence: [TRUE_CLAIM],
  };
  const challenge = { to: 'strategist', text: 'RSI 50', evidence: [TRUE_CLAIM] } as const;
  return [
    said('technical_analyst', 'challenge', challenge),
    said('strategist', 'revision', revision),
    said('strategist', 'ballot', votes('SELL')),
  ];
}

const anyText = fc.string({ maxLength: 8 });
const anyBp = fc.integer({ min: -1, max: 10_001 });
const anyEvidence = fc.array(
  fc.record({
    fact: fc.constantFrom('reading.indicators.rsi14', '__proto__', 'candles.0.close', ''),
    value: fc.double(),
  }),
  { maxLength: 2 },
);
const anyOpinion = fc.record({
  stance: fc.constantFrom(wants('BUY').stance, { buyBp: 1, sellBp: 1, holdBp: 1 }),
  confidenceBp: anyBp,
  reasons: fc.array(fc.record({ text: anyText, evidence: anyEvidence }), { maxLength: 2 }),
});
const anyRole = fc.constantFrom(...ROLES);
const anyContent = fc.oneof(
  anyOpinion,
  fc.record({ to: anyRole, text: anyText, evidence: anyEvidence }),
  fc.record({
    choice: fc.constantFrom('BUY', 'SELL', 'HOLD', 'ABSTAIN', 'ALL IN'),
    confidenceBp: anyBp,
    veto: fc.constantFrom(null, VETO),
    strikes: fc.array(fc.record({ role: anyRole, text: anyText }), { maxLength: 2 }),
    reason: anyText,
  }),
  fc.anything(),
);
const anySoup = fc.array(
  fc.record({
    debateId: anyText,
    eventId: anyText,
    symbol: anyText,
    messageId: anyText,
    round: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.double()),
    kind: fc.constantFrom(...KINDS),
    role: fc.oneof({ weight: 9, arbitrary: anyRole }, { weight: 1, arbitrary: anyText }),
    content: anyContent,
  }),
  { maxLength: 40 },
) as fc.Arbitrary<unknown> as fc.Arbitrary<Utterance[]>;

describe('judge - properties', () => {
  test('whatever was stored - a judgement comes out, and its JSON says it whole', () => {
    fc.assert(
      fc.property(anySoup, (soup) => {
        const judgement = judged(soup);
        expect(JSON.parse(JSON.stringify(judgement))).toEqual(judgement);
        if (judgement.verdict.action === 'HOLD') return;
        expect(judgement.votes.filter((vote) => vote.status === 'counted').length).toBeGreaterThan(
          4,
        );
      }),
      { numRuns: 300 },
    );
  });

  test('order of arrival - never changes a judgement', () => {
    const talk = [...without('strategist', ['ballot']), ...movedStrategist()];
    fc.assert(
      fc.property(fc.shuffledSubarray(talk, { minLength: talk.length }), (shuffled) => {
        expect(judged(shuffled)).toEqual(judged(talk));
      }),
    );
    fc.assert(
      fc.property(
        anySoup.chain((soup) =>
          fc.tuple(fc.constant(soup), fc.shuffledSubarray(soup, { minLength: soup.length })),
        ),
        ([soup, shuffled]) => {
          expect(judged(shuffled)).toEqual(judged(soup));
        },
      ),
    );
  });

  test('a veto on record - no soup buys over it', () => {
    const veto = said('risk_manager', 'ballot', votes('HOLD', { veto: VETO }));
    fc.assert(
      fc.property(anySoup, (soup) => {
        const { verdict } = judged([...ALL_BUY, ...soup, veto]);
        expect(verdict.action).not.toBe('BUY');
      }),
    );
  });
});

describe('follow-up', () => {
  const config = (rules: Partial<typeof DEFAULT_USER_RULES> = {}) => ({
    ...DEFAULT_USER_CONFIG,
    rules: { ...DEFAULT_USER_RULES, ...rules },
  });
  const sell = judged(talkOf(['SELL', 'SELL', 'SELL', 'SELL', 'SELL', 'SELL', 'SELL']));
  const split = judged(talkOf(['BUY', 'BUY', 'ABSTAIN', 'BUY', 'HOLD', 'HOLD', 'HOLD']));

  test('an agreed trade - becomes an order', () => {
    expect(followUp(judged(ALL_BUY), config(), '0')).toEqual({ kind: 'order', side: 'BUY' });
    expect(followUp(sell, config(), '0.5')).toEqual({ kind: 'order', side: 'SELL' });
  });

  test('selling nothing - is nothing', () => {
    expect(followUp(sell, config(), '0.000')).toEqual({ kind: 'nothing', why: 'flat' });
  });

  test('no consensus - asks about the leading side, if it carries enough', () => {
    const asked = { kind: 'escalate', side: 'BUY', why: 'no_consensus' };
    expect(followUp(split, config(), '0')).toEqual(asked);
    expect(followUp(split, config({ askFromBp: 6_000 }), '0')).toMatchObject({ why: 'weak_side' });
    const even = judged(talkOf(['BUY', 'BUY', 'ABSTAIN', 'SELL', 'SELL', 'HOLD', 'HOLD']));
    expect(followUp(even, config(), '1')).toEqual({ kind: 'nothing', why: 'no_leading_side' });
  });

  test('agreed to hold, vetoed, inquorate - nothing, and it says which', () => {
    const hold = judged(talkOf(['HOLD', 'HOLD', 'HOLD', 'HOLD', 'HOLD', 'HOLD', 'HOLD']));
    const veto = said('risk_manager', 'ballot', votes('HOLD', { veto: VETO }));
    expect(followUp(hold, config(), '0')).toMatchObject({ why: 'agreed_to_hold' });
    expect(followUp(judged([...ALL_BUY, veto]), config(), '0')).toMatchObject({ why: 'vetoed' });
    expect(followUp(judged([]), config(), '0')).toMatchObject({ why: 'inquorate' });
  });

  test("a user's own rules - ask first, or forbid", () => {
    const buy = judged(ALL_BUY);
    expect(followUp(buy, config({ alwaysAsk: true }), '0')).toMatchObject({ why: 'always_ask' });
    const sure = config({ minConfidenceBp: 6_001 });
    expect(followUp(buy, sure, '0')).toMatchObject({ kind: 'escalate', why: 'low_confidence' });
    const other = config({ allowedSymbols: ['ETH/BTC'] });
    expect(followUp(buy, other, '0')).toMatchObject({ why: 'symbol_not_allowed' });
    expect(followUp(buy, config({ allowedSides: ['SELL'] }), '0')).toMatchObject({
      why: 'side_not_allowed',
    });
  });

  test('a veto and a sale of what is held - the sale stands', () => {
    const veto = said('risk_manager', 'ballot', votes('SELL', { veto: VETO }));
    const talk = talkOf(['SELL', 'SELL', 'SELL', null, 'SELL', 'SELL', 'SELL']);
    const opinion = said('risk_manager', 'opinion', wants('SELL'));
    const held = judged([...talk, opinion, veto], { snapshot: snapshotOf({ holdings: HOLDING }) });
    expect(followUp(held, config(), '100')).toEqual({ kind: 'order', side: 'SELL' });
  });
});
