import { ROLES, type Role } from '../../assistants/role.ts';
import type { Action, Veto } from '../../assistants/speech.ts';
import { type ControlArms, modelArm } from '../../debate/arms.ts';
import type { DebateRules } from '../../debate/rules.ts';
import type { Tally, Verdict, VerdictKind } from '../../debate/tally.ts';
import { TEXT_ROLES, type Weights } from '../../debate/weights.ts';
import type { Forecast } from '../../models/forecast.ts';
import { BUY, HOLD, SELL } from './view.ts';

/** The count of core/debate/tally.ts in doubles, for weights so small that every step of it is
 * exact. Held equal to it by a property test. */

export const ABSTAIN = -1;

const SEATS = ROLES.length;
const ACTION_NAMES = ['BUY', 'SELL', 'HOLD'] as const satisfies readonly Action[];
const IS_TEXT: readonly boolean[] = ROLES.map((role) => TEXT_ROLES.includes(role));
/** With these, capped weights times 10,000 stay below 2^53. */
const MOST_WEIGHT = 1_000;

/** Votes by place of `ROLES`: `BUY`, `SELL`, `HOLD` or `ABSTAIN`. */
export interface Ballots {
  readonly choices: Int32Array;
  readonly confidences: Float64Array;
}

export function emptyBallots(): Ballots {
  return { choices: new Int32Array(SEATS), confidences: new Float64Array(SEATS) };
}

/** The same ratios in the smallest whole numbers, by place of `ROLES`; `null` when even those are
 * too large to be counted in doubles. */
export function smallWeights(weights: Weights): Float64Array | null {
  const divisor = ROLES.reduce((shared, role) => gcd(shared, weights[role]), 0);
  if (divisor === 0) return new Float64Array(SEATS);
  const small = Float64Array.from(ROLES, (role) => weights[role] / divisor);
  return small.every((weight) => weight <= MOST_WEIGHT) ? small : null;
}

function gcd(one: number, other: number): number {
  return other === 0 ? one : gcd(other, one % other);
}

/** What a verdict depends on beside the ballots, see `VerdictInputs`. */
export interface Bench {
  readonly weights: Float64Array;
  readonly rules: DebateRules;
  readonly veto: Veto | null;
  readonly holding: boolean;
}

/** Weights as cast, by place: 0 for what is not counted. Overwritten by the next count. */
const CAST = new Float64Array(SEATS);

function countOf(ballots: Ballots, bench: Bench, withText: boolean): Tally {
  const { choices, confidences } = ballots;
  cast(ballots, bench, withText);
  let [count, buy, sell, hold] = [0, 0, 0, 0];
  for (let place = 0; place < SEATS; place += 1) {
    const weight = CAST[place] as number;
    if (weight === 0) continue;
    count += 1;
    const choice = choices[place];
    if (choice === BUY) buy += weight;
    else if (choice === SELL) sell += weight;
    else hold += weight;
  }
  const total = buy + sell + hold;
  const most = Math.max(buy, sell, hold);
  const alone = Number(buy === most) + Number(sell === most) + Number(hold === most) === 1;
  const leading = !alone ? null : buy === most ? BUY : sell === most ? SELL : HOLD;
  const { sharesBp, roleSharesBp } = sharesOf(choices, total);
  return {
    ballots: count,
    quorate: count >= bench.rules.quorum,
    sharesBp,
    roleSharesBp,
    leading: leading === null ? null : ACTION_NAMES[leading],
    leadingSide: buy === sell ? null : buy > sell ? 'BUY' : 'SELL',
    passes: leading !== null && most * 10_000 > total * bench.rules.thresholdBp,
    confidenceBp: leading === null ? 0 : meanConfidence(choices, confidences, leading),
  };
}

/** Text's share is the cap where it would be above it. */
function cast({ choices }: Ballots, { weights, rules }: Bench, withText: boolean): void {
  let [text, numeric] = [0, 0];
  for (let place = 0; place < SEATS; place += 1) {
    const isText = IS_TEXT[place] === true;
    const counts = choices[place] !== ABSTAIN && (withText || !isText);
    const weight = counts ? (weights[place] as number) : 0;
    CAST[place] = weight;
    if (isText) text += weight;
    else numeric += weight;
  }
  const [cap, rest] = [rules.textCapBp, 10_000 - rules.textCapBp];
  if (text * rest <= numeric * cap) return;
  for (let place = 0; place < SEATS; place += 1) {
    CAST[place] = (CAST[place] as number) * (IS_TEXT[place] === true ? cap * numeric : rest * text);
  }
}

const RESTS = new Float64Array(SEATS);
const SHARES = new Float64Array(SEATS);

/** Largest remainder over those that voted, equal ones to the earlier. */
function sharesOf(choices: Int32Array, total: number) {
  const sharesBp = { BUY: 0, SELL: 0, HOLD: 0 };
  const roleSharesBp: Partial<Record<Role, number>> = {};
  let missing = total === 0 ? 0 : 10_000;
  for (let place = 0; place < SEATS; place += 1) {
    const scaled = (CAST[place] as number) * 10_000;
    const share = total === 0 ? 0 : Math.floor(scaled / total);
    SHARES[place] = share;
    RESTS[place] = scaled === 0 ? -1 : scaled - share * total;
    missing -= share;
  }
  for (; missing > 0; missing -= 1) {
    let next = 0;
    for (let place = 1; place < SEATS; place += 1) {
      if ((RESTS[place] as number) > (RESTS[next] as number)) next = place;
    }
    SHARES[next] = (SHARES[next] as number) + 1;
    RESTS[next] = -1;
  }
  for (let place = 0; place < SEATS; place += 1) {
    if (CAST[place] === 0) continue;
    const share = SHARES[place] as number;
    roleSharesBp[ROLES[place] as Role] = share;
    sharesBp[ACTION_NAMES[choices[place] as 0 | 1 | 2]] += share;
  }
  return { sharesBp, roleSharesBp };
}

function meanConfidence(choices: Int32Array, confidences: Float64Array, action: number): number {
  let [weighed, weight] = [0, 0];
  for (let place = 0; place < SEATS; place += 1) {
    if (choices[place] !== action) continue;
    const own = CAST[place] as number;
    weight += own;
    weighed += own * (confidences[place] as number);
  }
  return Math.floor(weighed / weight) | 0;
}

/** The verdict, by SPEC.md: quorum, then threshold, then the rule on text, then the veto. */
export function leanVerdict(ballots: Ballots, bench: Bench): Verdict {
  const whole = countOf(ballots, bench, true);
  const setAside = textRaisesRisk(ballots, bench, whole);
  const counted = setAside === null ? whole : { ...setAside, quorate: whole.quorate };
  const kind = kindOf(counted, bench);
  return {
    kind,
    action: kind === 'consensus' && counted.leading !== null ? counted.leading : 'HOLD',
    confidenceBp: kind === 'inquorate' ? 0 : counted.confidenceBp,
    tally: counted,
    veto: bench.veto,
    textSetAside: setAside !== null,
  };
}

const RISK = { SELL: 0, HOLD: 1, BUY: 2 } as const satisfies Record<Action, number>;

/** The count without text where text would carry the decision to more risk and no two numeric
 * assistants chose that; else `null`. */
function textRaisesRisk(ballots: Ballots, bench: Bench, whole: Tally): Tally | null {
  const { choices } = ballots;
  let [textVotes, backers] = [0, 0];
  const wanted = agreed(whole);
  for (let place = 0; place < SEATS; place += 1) {
    const choice = choices[place] as number;
    if (choice === ABSTAIN) continue;
    if (IS_TEXT[place] === true) textVotes += 1;
    else if (ACTION_NAMES[choice] === wanted) backers += 1;
  }
  if (textVotes === 0 || backers >= 2 || wanted === 'SELL') return null;
  const without = countOf(ballots, bench, false);
  return RISK[wanted] > RISK[agreed(without)] ? without : null;
}

function agreed({ passes, leading }: Tally): Action {
  return passes && leading !== null ? leading : 'HOLD';
}

function kindOf({ quorate, passes, leading, leadingSide }: Tally, bench: Bench): VerdictKind {
  if (!quorate) return 'inquorate';
  const wanted = passes ? leading : leadingSide;
  const adds = wanted === 'BUY' || (wanted === 'SELL' && !bench.holding);
  if (bench.veto !== null && adds) return 'vetoed';
  return passes ? 'consensus' : 'no_consensus';
}

/** The control arms of core/debate/arms.ts from first opinions, whose ballots never abstain. */
export function leanArms(
  firsts: Ballots,
  bench: Bench,
  forecast: Forecast | undefined,
): ControlArms {
  const { kind, action, confidenceBp } = leanVerdict(firsts, { ...bench, veto: null });
  let best = 0;
  for (let place = 1; place < SEATS; place += 1) {
    if (productAt(firsts, bench, place) > productAt(firsts, bench, best)) best = place;
  }
  return {
    bestSingle: {
      role: ROLES[best] as Role,
      action: ACTION_NAMES[firsts.choices[best] as 0 | 1 | 2],
      // Small integers, as in `stanceOf`.
      confidenceBp: (firsts.confidences[best] as number) | 0,
    },
    voteWithoutDebate: { kind, action, confidenceBp },
    hold: HOLD_ARM,
    ...modelArm(forecast),
  };
}

const HOLD_ARM = { action: 'HOLD' } as const;

function productAt({ confidences }: Ballots, { weights }: Bench, place: number): number {
  return (weights[place] as number) * (confidences[place] as number);
}
