import { ROLES } from '../../../core/assistants/role.ts';
import { TRIGGERS } from '../../../core/assistants/snapshot.ts';
import {
  ACTIONS,
  type Action,
  type Stance,
  type Utterance,
} from '../../../core/assistants/speech.ts';
import type {
  BacktestResult,
  FillRecord,
  OrderRecord,
  Trade,
} from '../../../core/backtest/result.ts';
import type { CouncilRecord, Decision, Gear } from '../../../core/backtest/strategy.ts';
import type { Judgement } from '../../../core/debate/judge.ts';
import { allocate } from '../../../core/debate/shares.ts';
import { CandleSeries } from '../../../core/market/candle-series.ts';
import { Random } from '../../../core/random.ts';
import { assessmentFixture } from './assessment.fixture.ts';
import type { ReportInput } from './input.ts';

const STEP_MS = 300_000;
const START_MS = Date.UTC(2024, 0, 1);

export interface Size {
  readonly candles: number;
  readonly decisions: number;
  readonly gear: Gear;
}

/** For tests: a report of a made-up run of the council, the same for the same size. Its figures
 * have the shapes of real ones; they do not follow from each other. */
export function reportFixture({ candles, decisions, gear }: Size): ReportInput {
  const random = new Random('report', candles, decisions);
  const prices = pricesOf(candles, random);
  const close = (index: number): number => prices[index * 6 + 4] as number;
  const timeMs = Array.from({ length: candles }, (_, at) => START_MS + (at + 1) * STEP_MS - 1);
  const places = Array.from({ length: decisions }, (_, at) =>
    Math.floor(((at + 0.5) * candles) / decisions),
  );
  const made = places.map((place) => decisionAt(timeMs[place] as number, gear, random));
  const traded = tradesOf(made, (time) => close(Math.round((time + 1 - START_MS) / STEP_MS) - 1));
  let equity = 10_000;
  const result: BacktestResult = {
    version: 1,
    strategy: { name: 'council', version: 3, parameters: { weights: 'equal', rounds: 3 } },
    gear,
    data: {
      timeframe: '5m',
      fromMs: START_MS,
      toMs: timeMs.at(-1) ?? START_MS,
      series: [{ symbol: 'SIMA/USDT', candles, holes: 2, hash: 'a1'.repeat(32) }],
    },
    account: {
      quote: 'USDT',
      capital: '10000',
      conditions: { halfSpreadBps: 1, takerFeeBps: 10, makerFeeBps: 10, depthShare: 0.02 },
      settings: {},
    },
    curve: {
      timeMs,
      equity: timeMs.map(() => {
        equity *= 1 + random.normal() * 0.0008;
        return equity;
      }),
      exposure: timeMs.map((_, at) => (Math.floor(at / 40) % 3 === 0 ? 0.3 : 0)),
    },
    decisions: made,
    ...traded,
    counts: {
      candles,
      closes: candles,
      decisions,
      whyNoTrade: Object.fromEntries(countsOf(made.map((one) => reasonOf(one)))),
      verdicts: Object.fromEntries(countsOf(made.map((one) => one.council?.verdict ?? ''))),
      contested: made.filter((one) => one.council?.contested === true).length,
      questionedPrints: 0,
    },
  };
  return {
    result,
    assessment: assessmentFixture(),
    markets: [{ symbol: 'SIMA/USDT', candles: new CandleSeries(STEP_MS, prices) }],
    hold: timeMs.map((_, at) => (10_000 * close(at)) / close(0)),
    madeAt: '2026-01-02 03:04 UTC',
    command: './corro backtest sima-5m.csv --council --report out.html',
    versions: { corro: '0.1.0', node: '24.21.0' },
  };
}

function pricesOf(candles: number, random: Random): Float64Array {
  const numbers = new Float64Array(candles * 6);
  let price = 50_000;
  for (let at = 0; at < candles; at += 1) {
    const open = price;
    price = cents(open * (1 + random.normal() * 0.0015));
    const high = cents(Math.max(open, price) * (1 + random.unit() * 0.001));
    const low = cents(Math.min(open, price) * (1 - random.unit() * 0.001));
    numbers.set([START_MS + at * STEP_MS, open, high, low, price, random.between(1, 90)], at * 6);
  }
  return numbers;
}

function cents(price: number): number {
  return Math.round(price * 100) / 100;
}

function decisionAt(closeTimeMs: number, gear: Gear, random: Random): Decision {
  const action = random.pick(ACTIONS);
  const stance = stanceFor(action, random);
  const confidenceBp = random.whole(2_000, 9_500);
  const traded = action !== 'HOLD' && random.chance(0.6);
  return {
    symbol: 'SIMA/USDT',
    closeTimeMs,
    action,
    confidenceBp,
    followUp: traded
      ? { kind: 'order', side: action }
      : { kind: 'nothing', why: random.pick(['agreed_to_hold', 'vetoed', 'weak_side']) },
    why: `${action} with ${Math.round(confidenceBp / 100)} % of confidence`,
    stance,
    council: councilOf({ action, stance, confidenceBp, closeTimeMs }, gear, random),
  };
}

function stanceFor(action: Action, random: Random): Stance {
  const weights = ACTIONS.map((one) => BigInt(random.whole(5, 40) + (one === action ? 60 : 0)));
  const [buyBp = 0, sellBp = 0, holdBp = 0] = allocate(weights);
  return { buyBp, sellBp, holdBp };
}

interface Outcome {
  readonly action: Action;
  readonly stance: Stance;
  readonly confidenceBp: number;
  readonly closeTimeMs: number;
}

function councilOf(outcome: Outcome, gear: Gear, random: Random): CouncilRecord {
  const { action, confidenceBp } = outcome;
  const verdict = random.pick(['consensus', 'consensus', 'no_consensus', 'vetoed'] as const);
  const arms: Judgement['arms'] = {
    bestSingle: { role: 'strategist', action, confidenceBp },
    voteWithoutDebate: { kind: 'consensus', action: 'HOLD', confidenceBp: 5_000 },
    hold: { action: 'HOLD' },
    model: { hash: 'c3'.repeat(32), action, confidenceBp: 5_500 },
  };
  const opinions = ROLES.map((role) => ({
    role,
    first: stanceFor(random.pick(ACTIONS), random),
    firstConfidenceBp: random.whole(1_000, 9_000),
    last: stanceFor(action, random),
    choice: action,
  }));
  const base = { verdict, contested: random.chance(0.4), rounds: 3, arms, opinions };
  const record: CouncilRecord = { trigger: random.pick(TRIGGERS), ...base };
  if (gear === 'lean') return record;
  return {
    ...record,
    transcript: transcriptOf(outcome, random),
    judgement: judgementOf(outcome, record),
  };
}

function judgementOf({ action, confidenceBp }: Outcome, record: CouncilRecord): Judgement {
  const shares = allocate(ROLES.map((_, at) => BigInt(at + 3)));
  const roleSharesBp = Object.fromEntries(ROLES.map((role, at) => [role, shares[at] ?? 0]));
  const sharesBp = { BUY: 0, SELL: 0, HOLD: 0, [action]: 10_000 };
  const side = action === 'HOLD' ? null : action;
  const counted = { ballots: 7, quorate: true, sharesBp, roleSharesBp, confidenceBp };
  const tally = { ...counted, leading: action, leadingSide: side, passes: true };
  return {
    symbol: 'SIMA/USDT',
    verdict: { kind: record.verdict, action, confidenceBp, tally, veto: null, textSetAside: false },
    votes: ROLES.map((role, at) => ({
      role,
      status: 'counted',
      choice: action,
      confidenceBp,
      shareBp: shares[at] ?? 0,
      worthBp: at === 2 ? 5_000 : 10_000,
      why: `the ${role} votes with what it saw`,
    })),
    reasoning: [],
    arms: record.arms,
    rounds: 3,
    contested: record.contested,
    rulesVersion: 1,
  };
}

const FACTS = ['rsi14', 'macdHistogram', 'adx14', 'volumeRatio', 'change12', 'volatility20'];

function transcriptOf({ action, stance, confidenceBp, closeTimeMs }: Outcome, random: Random) {
  const [debateId, eventId] = [`debate-${closeTimeMs}`, `event-${random.next()}`];
  const said: Utterance[] = [];
  const evidence = () => {
    const fact = random.pick(FACTS);
    return [{ fact: `reading.indicators.${fact}`, value: random.normal() * 10 }];
  };
  const reason = () => {
    const [one] = evidence();
    const text = `${one?.fact.slice(19)} stands at ${one?.value.toFixed(2)}, which is unusual`;
    return { text, evidence: one === undefined ? [] : [one] };
  };
  const address = { debateId, eventId, symbol: 'SIMA/USDT' };
  for (const role of ROLES) {
    const content = { stance, confidenceBp, reasons: [reason(), reason(), reason()] };
    const messageId = `${random.next()}-${random.next()}`;
    said.push({ ...address, round: 1, kind: 'opinion', role, messageId, content });
  }
  for (const role of ROLES.slice(0, 3)) {
    const to = 'strategist' as const;
    const text = 'Volume speaks against it. Why BUY rather than HOLD?';
    const content = { to, text, evidence: evidence() };
    const messageId = `${random.next()}-${random.next()}`;
    said.push({ ...address, round: 2, kind: 'challenge', role, messageId, content });
  }
  const answers = ROLES.slice(0, 3).map((to) => ({
    to,
    concedes: random.chance(0.3),
    text: 'Granted, though the trend still stands',
    evidence: evidence(),
  }));
  const moved = { movedBy: 'auditor' as const, newEvidence: evidence(), reasons: [reason()] };
  const place = { ...address, round: 2, role: 'strategist' as const, messageId: 'm' };
  said.push({ ...place, kind: 'rebuttal', content: answers });
  said.push({ ...place, kind: 'revision', content: { stance, confidenceBp, ...moved } });
  for (const role of ROLES) {
    const base = { choice: action, confidenceBp, veto: null, strikes: [] };
    const content = { ...base, reason: `I vote ${action} for what was said` };
    const messageId = `${random.next()}-${random.next()}`;
    said.push({ ...address, round: 3, kind: 'ballot', role, messageId, content });
  }
  return said;
}

function reasonOf({ followUp }: Decision): string {
  return followUp.kind === 'nothing' ? followUp.why : 'traded';
}

function countsOf(words: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}

type Traded = Pick<BacktestResult, 'orders' | 'fills' | 'trades'>;

/** Buys when flat, sells when not; every third sale is a stop. */
function tradesOf(decisions: readonly Decision[], price: (timeMs: number) => number): Traded {
  const orders: OrderRecord[] = [];
  const fills: FillRecord[] = [];
  const trades: Trade[] = [];
  let opened: FillRecord | null = null;
  for (const { followUp, closeTimeMs, symbol } of decisions) {
    const side: FillRecord['side'] = opened === null ? 'BUY' : 'SELL';
    if (followUp.kind !== 'order' || followUp.side !== side) continue;
    const stopped = trades.length % 3 === 2;
    const purpose = side === 'BUY' ? 'entry' : stopped ? 'stop' : 'exit';
    const at = { symbol, side, purpose, quantity: '0.05' } as const;
    const paid = price(closeTimeMs).toFixed(2);
    const fill: FillRecord = {
      ...at,
      timeMs: closeTimeMs,
      price: paid,
      fee: '2.5',
      feeAsset: 'USDT',
    };
    fills.push(fill);
    orders.push({
      ...at,
      decidedAtMs: closeTimeMs,
      limitPrice: paid,
      stopPrice: null,
      estimatedPrice: paid,
      executedQuantity: '0.05',
      averagePrice: paid,
      state: 'filled',
      reason: '',
    });
    if (opened !== null) trades.push(tradeOf(opened, fill));
    opened = opened === null ? fill : null;
  }
  return { orders, fills, trades };
}

function tradeOf(entry: FillRecord, exit: FillRecord): Trade {
  const gain = Number(exit.price) / Number(entry.price) - 1;
  return {
    symbol: entry.symbol,
    openedAtMs: entry.timeMs,
    closedAtMs: exit.timeMs,
    quantity: entry.quantity,
    entryPrice: entry.price,
    exitPrice: exit.price,
    fees: '5',
    profit: (gain * Number(entry.price) * 0.05 - 5).toFixed(2),
    return: gain,
    endedBy: exit.purpose,
  };
}
