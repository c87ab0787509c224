import { isHeld } from './holding.ts';
import type { Judgement } from './judge.ts';
import type { Side, UserConfig, UserRules } from './user-config.ts';

/** How long a person has to answer, market time. */
export const ANSWER_WINDOW_MS = 15 * 60_000;

/** Why a person is asked. */
export const ASK_REASONS = {
  no_consensus: 'the ring did not agree',
  always_ask: 'your rules ask before every trade',
  low_confidence: 'the ring agreed with less confidence than your rules want',
} as const;
export type AskReason = keyof typeof ASK_REASONS;

/** Why a judgement leads to no act. Stored, counted and shown: codes are stable. */
export const STAND_REASONS = {
  agreed_to_hold: 'the ring agreed to do nothing',
  inquorate: 'too few assistants voted',
  vetoed: 'the risk manager vetoed it',
  no_leading_side: 'neither side leads',
  weak_side: 'the leading side carries too little weight to ask about',
  flat: 'there is nothing to sell',
  symbol_not_allowed: 'your rules do not allow this symbol',
  side_not_allowed: 'your rules do not allow this side',
  question_open: 'a question about it waits for an answer',
} as const;
export type StandReason = keyof typeof STAND_REASONS;

export type FollowUp =
  | { readonly kind: 'order'; readonly side: Side }
  | { readonly kind: 'escalate'; readonly side: Side; readonly why: AskReason }
  | { readonly kind: 'nothing'; readonly why: StandReason };

/** What a judgement leads to for one user. `quantity` is the user's own position, base units, a
 * decimal string. Without consensus the larger of BUY and SELL is proposed to a person, if it
 * carries at least `askFromBp` of the weight cast. */
export function followUp(
  judgement: Pick<Judgement, 'verdict' | 'symbol'>,
  config: UserConfig,
  quantity: string,
): FollowUp {
  const { verdict, symbol } = judgement;
  const { rules } = config;
  if (verdict.kind === 'inquorate' || verdict.kind === 'vetoed') return nothing(verdict.kind);
  if (verdict.kind === 'consensus' && verdict.action === 'HOLD') return nothing('agreed_to_hold');
  const side = verdict.action === 'HOLD' ? verdict.tally.leadingSide : verdict.action;
  if (side === null) return nothing('no_leading_side');
  const barrier = barrierTo(side, { rules, symbol, quantity });
  if (barrier !== null) return nothing(barrier);
  if (verdict.kind === 'no_consensus') {
    const weak = verdict.tally.sharesBp[side] < rules.askFromBp;
    return weak ? nothing('weak_side') : { kind: 'escalate', side, why: 'no_consensus' };
  }
  if (rules.alwaysAsk) return { kind: 'escalate', side, why: 'always_ask' };
  if (verdict.confidenceBp < rules.minConfidenceBp) {
    return { kind: 'escalate', side, why: 'low_confidence' };
  }
  return ORDERS[side];
}

interface Barriers {
  readonly rules: UserRules;
  readonly symbol: string;
  readonly quantity: string;
}

function barrierTo(side: Side, { rules, symbol, quantity }: Barriers): StandReason | null {
  if (rules.allowedSymbols !== null && !rules.allowedSymbols.includes(symbol)) {
    return 'symbol_not_allowed';
  }
  if (!rules.allowedSides.includes(side)) return 'side_not_allowed';
  return side === 'SELL' && !isHeld(quantity) ? 'flat' : null;
}

/** One for each reason and side, whoever asks: a backtest keeps a million of them. */
const NOTHINGS = Object.fromEntries(
  Object.keys(STAND_REASONS).map((why) => [why, { kind: 'nothing', why }]),
) as Readonly<Record<StandReason, FollowUp>>;
const ORDERS = {
  BUY: { kind: 'order', side: 'BUY' },
  SELL: { kind: 'order', side: 'SELL' },
} as const satisfies Record<Side, FollowUp>;

function nothing(why: StandReason): FollowUp {
  return NOTHINGS[why];
}
