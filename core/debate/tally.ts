import { ROLES, type Role } from '../assistants/role.ts';
import { ACTIONS, type Action, type Veto } from '../assistants/speech.ts';
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
  const total = sum(cast);
  const byAction = (action: Action) => sum(cast.filter((ballot) => ballot.choice === action));
  const leading = strictlyGreatest(ACTIONS, byAction);
  const roleShares = allocate(cast.map((ballot) => ballot.weight));
  const share = (action: Action) =>
    cast.reduce((bp, b, index) => bp + (b.choice === action ? (roleShares[index] ?? 0) : 0), 0);
  return {
    ballots: cast.length,
    quorate: cast.length >= rules.quorum,
    sharesBp: { BUY: share('BUY'), SELL: share('SELL'), HOLD: share('HOLD') },
    roleSharesBp: Object.fromEntries(cast.map((b, index) => [b.role, roleShares[index] ?? 0])),
    leading,
    leadingSide: strictlyGreatest(['BUY', 'SELL'], byAction),
    passes: leading !== null && byAction(leading) * 10_000n > total * BigInt(rules.thresholdBp),
    confidenceBp: leading === null ? 0 : meanConfidence(cast, leading),
  };
}

interface Cast {
  readonly role: Role;
  readonly choice: Action;
  readonly confidenceBp: number;
  readonly weight: bigint;
}

function castBallots(ballots: readonly RoleBallot[], weights: Weights): Cast[] {
  const voices = new Map<Role, number>();
  for (const { role } of ballots) voices.set(role, (voices.get(role) ?? 0) + 1);
  const cast: Cast[] = [];
  for (const role of ROLES) {
    const ballot = ballots.find((candidate) => candidate.role === role);
    if (ballot === undefined || ballot.choice === 'ABSTAIN' || voices.get(role) !== 1) continue;
    const weight = BigInt(weights[role]) * BigInt(ballot.worthBp);
    const { choice, confidenceBp } = ballot;
    if (weight > 0n) cast.push({ role, choice, confidenceBp, weight });
  }
  return cast;
}

/** Scales both groups so that text's share is exactly the cap where it would be above it; with
 * text t and numbers n, t' = t × cap × n and n' = n × t × (1 − cap). No division, so nothing
 * is rounded. Text that stands alone weighs nothing. */
function capText(cast: readonly Cast[], capBp: number): Cast[] {
  const isText = (ballot: Cast) => TEXT_ROLES.includes(ballot.role);
  const text = sum(cast.filter(isText));
  const numeric = sum(cast.filter((ballot) => !isText(ballot)));
  const [cap, rest] = [BigInt(capBp), BigInt(10_000 - capBp)];
  if (text * rest <= numeric * cap) return [...cast];
  return cast
    .map((b) => ({ ...b, weight: b.weight * (isText(b) ? cap * numeric : rest * text) }))
    .filter((ballot) => ballot.weight > 0n);
}

function sum(cast: readonly Cast[]): bigint {
  return cast.reduce((total, ballot) => total + ballot.weight, 0n);
}

function strictlyGreatest<T extends Action>(
  actions: readonly T[],
  weightOf: (action: T) => bigint,
): T | null {
  let best: T | null = null;
  let most = 0n;
  for (const action of actions) {
    const weight = weightOf(action);
    if (weight === most) best = null;
    if (weight > most) [best, most] = [action, weight];
  }
  return best;
}

function meanConfidence(cast: readonly Cast[], action: Action): number {
  const voters = cast.filter((ballot) => ballot.choice === action);
  const weighed = voters.reduce((s, b) => s + b.weight * BigInt(b.confidenceBp), 0n);
  return Number(weighed / sum(voters));
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
  const numeric = ballots.filter((ballot) => !TEXT_ROLES.includes(ballot.role));
  const without = tally(numeric, weights, rules);
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
