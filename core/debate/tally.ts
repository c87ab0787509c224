import { ROLES, type Role } from '../assistants/role.ts';
import { ACTIONS, type Action, type Veto } from '../assistants/speech.ts';
import { type Exact, plus, quotient, times } from './exact.ts';
import type { DebateRules } from './rules.ts';
import { allocate } from './shares.ts';
import { TEXT_ROLES, type Weights } from './weights.ts';

/** One assistant's counted vote. One per role: a role that appears twice is not counted at all. */
export interface RoleBallot {
  readonly role: Role;
  readonly choice: Action | 'ABSTAIN';
  readonly confidenceBp: number;
  /** What is left of its weight: 10,000 = all of it; less after an unexplained change of mind. */
  readonly worthBp: number;
}

/** The weighted count. Shares are basis points of the weight cast, sum exactly 10,000 (all zero
 * when nothing was cast), rounded for reading; `passes` was decided on the exact numbers. */
export interface Tally {
  /** Ballots with a choice and a weight above zero. */
  readonly ballots: number;
  readonly quorate: boolean;
  readonly sharesBp: Readonly<Record<Action, number>>;
  readonly roleSharesBp: Readonly<Partial<Record<Role, number>>>;
  /** The action with the most weight; `null` on a tie or when nothing was cast. */
  readonly leading: Action | null;
  /** BUY or SELL, whichever weighs more; `null` when equal or neither has any. */
  readonly leadingSide: 'BUY' | 'SELL' | null;
  /** The leading action has strictly more than the threshold. */
  readonly passes: boolean;
  /** Mean confidence of the leading action's voters, by weight; 0 without a leading action. */
  readonly confidenceBp: number;
}

export type VerdictKind = 'consensus' | 'no_consensus' | 'vetoed' | 'inquorate';

export interface Verdict {
  readonly kind: VerdictKind;
  /** What was agreed. HOLD for everything but a consensus: nothing is traded without one. */
  readonly action: Action;
  readonly confidenceBp: number;
  readonly tally: Tally;
  readonly veto: Veto | null;
  /** True when the text ballots were set aside because they would have moved the decision towards
   * more risk without two numeric assistants agreeing. */
  readonly textSetAside: boolean;
}

/** Counts ballots in exact integers. The result does not depend on the order of `ballots` nor
 * on the scale of `weights`. */
export function tally(ballots: readonly RoleBallot[], weights: Weights, rules: DebateRules): Tally {
  const cast = capText(castBallots(ballots, weights), rules.textCapBp);
  const weighed: Record<Action, Exact> = { BUY: 0, SELL: 0, HOLD: 0 };
  const sharesBp: Record<Action, number> = { BUY: 0, SELL: 0, HOLD: 0 };
  const roleSharesBp: Partial<Record<Role, number>> = {};
  const roleShares = allocate(cast.map(({ weight }) => weight));
  cast.forEach(({ role, choice, weight }, at) => {
    const share = roleShares[at] ?? 0;
    weighed[choice] = plus(weighed[choice], weight);
    sharesBp[choice] += share;
    roleSharesBp[role] = share;
  });
  const leading = strictlyGreatest(ACTIONS, weighed);
  const bar = times(sum(cast), rules.thresholdBp);
  return {
    ballots: cast.length,
    quorate: cast.length >= rules.quorum,
    sharesBp,
    roleSharesBp,
    leading,
    leadingSide: strictlyGreatest(SIDES, weighed),
    passes: leading !== null && times(weighed[leading], 10_000) > bar,
    confidenceBp: leading === null ? 0 : meanConfidence(cast, leading),
  };
}

const SIDES = ['BUY', 'SELL'] as const;

interface Cast {
  readonly role: Role;
  readonly choice: Action;
  readonly confidenceBp: number;
  readonly weight: Exact;
}

function castBallots(ballots: readonly RoleBallot[], weights: Weights): readonly Cast[] {
  const cast: Cast[] = [];
  for (const role of ROLES) {
    const ballot = onlyOf(role, ballots);
    if (ballot === null || ballot.choice === 'ABSTAIN') continue;
    const weight = times(weights[role], ballot.worthBp);
    const { choice, confidenceBp } = ballot;
    if (weight > 0) cast.push({ role, choice, confidenceBp, weight });
  }
  return cast;
}

/** A role's ballot; `null` when it has none, or more than one. */
function onlyOf(role: Role, ballots: readonly RoleBallot[]): RoleBallot | null {
  let found: RoleBallot | null = null;
  for (const ballot of ballots) {
    if (ballot.role !== role) continue;
    if (found !== null) return null;
    found = ballot;
  }
  return found;
}

/** Scales both groups so that text's share is exactly the cap where it would be above it; with
 * text t and numbers n, t' = t × cap × n and n' = n × t × (1 − cap). No division, so nothing
 * is rounded. Text that stands alone weighs nothing. */
function capText(cast: readonly Cast[], capBp: number): readonly Cast[] {
  let [text, numeric]: [Exact, Exact] = [0, 0];
  for (const { role, weight } of cast) {
    if (isText(role)) text = plus(text, weight);
    else numeric = plus(numeric, weight);
  }
  const ofText = times(numeric, capBp);
  const ofNumeric = times(text, 10_000 - capBp);
  if (!(ofNumeric > ofText)) return cast;
  return cast
    .map((one) => ({ ...one, weight: times(one.weight, isText(one.role) ? ofText : ofNumeric) }))
    .filter(({ weight }) => weight > 0);
}

function isText(role: Role): boolean {
  return TEXT_ROLES.includes(role);
}

function sum(cast: readonly Cast[]): Exact {
  let total: Exact = 0;
  for (const { weight } of cast) total = plus(total, weight);
  return total;
}

function strictlyGreatest<T extends Action>(
  actions: readonly T[],
  weighed: Readonly<Record<Action, Exact>>,
): T | null {
  let best: T | null = null;
  let most: Exact = 0;
  for (const action of actions) {
    const weight = weighed[action];
    if (weight > most) [best, most] = [action, weight];
    else if (!(weight < most)) best = null;
  }
  return best;
}

function meanConfidence(cast: readonly Cast[], action: Action): number {
  let [weight, confidence]: [Exact, Exact] = [0, 0];
  for (const ballot of cast) {
    if (ballot.choice !== action) continue;
    weight = plus(weight, ballot.weight);
    confidence = plus(confidence, times(ballot.weight, ballot.confidenceBp));
  }
  return Number(quotient(confidence, weight));
}

/** What the verdict depends on beside the ballots. */
export interface VerdictInputs {
  readonly ballots: readonly RoleBallot[];
  readonly weights: Weights;
  readonly rules: DebateRules;
  /** The risk manager's, if it cast one; any other's has been dropped by the caller. */
  readonly veto: Veto | null;
  /** There is something to sell: only then does SELL reduce risk. */
  readonly holding: boolean;
}

/** The verdict, by SPEC.md: quorum, then threshold, then the rule on text, then the veto. */
export function verdict(inputs: VerdictInputs): Verdict {
  const { ballots, weights, rules, veto } = inputs;
  const whole = tally(ballots, weights, rules);
  const numeric = ballots.filter((ballot) => !isText(ballot.role));
  const without = numeric.length === ballots.length ? whole : tally(numeric, weights, rules);
  const textSetAside = raisesRisk(agreed(whole), agreed(without), numeric);
  // The quorum is of ballots heard, text included; only the decision is taken without it.
  const counted = textSetAside ? { ...without, quorate: whole.quorate } : whole;
  const kind = verdictKind(counted, inputs);
  return {
    kind,
    action: kind === 'consensus' && counted.leading !== null ? counted.leading : 'HOLD',
    confidenceBp: kind === 'inquorate' ? 0 : counted.confidenceBp,
    tally: counted,
    veto,
    textSetAside,
  };
}

function verdictKind(counted: Tally, { veto, holding }: VerdictInputs): VerdictKind {
  if (!counted.quorate) return 'inquorate';
  const wanted = counted.passes ? counted.leading : counted.leadingSide;
  const adds = wanted === 'BUY' || (wanted === 'SELL' && !holding);
  if (veto !== null && adds) return 'vetoed';
  return counted.passes ? 'consensus' : 'no_consensus';
}

/** Long-only: selling lowers risk, buying raises it, anything undecided leaves it. */
const RISK = { SELL: 0, HOLD: 1, BUY: 2 } as const satisfies Record<Action, number>;

function agreed(counted: Tally): Action {
  return counted.passes && counted.leading !== null ? counted.leading : 'HOLD';
}

/** Text may carry the decision to more risk only where two numeric assistants chose that very
 * action (SAFETY §4.4). */
function raisesRisk(withText: Action, without: Action, numeric: readonly RoleBallot[]): boolean {
  if (RISK[withText] <= RISK[without]) return false;
  return numeric.filter((ballot) => ballot.choice === withText).length < 2;
}
