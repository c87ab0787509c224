import { grounded } from '../assistants/evidence.ts';
import { ROLES, type Role } from '../assistants/role.ts';
import type { Snapshot } from '../assistants/snapshot.ts';
import type { Action, Evidence, Utterance } from '../assistants/speech.ts';
import { topAction } from '../assistants/stance.ts';
import { untrueOf } from '../assistants/transcript.ts';
import { type ControlArms, controlArms, type StatedOpinion, voteOf } from './arms.ts';
import { isHeld } from './holding.ts';
import { contested } from './machine.ts';
import { positionsIn } from './positions.ts';
import { type DebateRecord, readRecord, standingAfter } from './record.ts';
import type { DebateRules } from './rules.ts';
import { type RoleBallot, type Verdict, verdict } from './tally.ts';
import type { UserConfig, UserRules } from './user-config.ts';
import { applyUserWeights, type RegimeWeights } from './weights.ts';

export interface JudgeInputs {
  /** Every stored utterance of this motion, in any order; repeats are harmless. */
  readonly utterances: readonly Utterance[];
  readonly snapshot: Snapshot;
  /** The content of the weights version the decision names. */
  readonly weights: RegimeWeights;
  readonly userConfig: UserConfig;
  readonly rules: DebateRules;
}

export type VoteStatus = 'counted' | 'abstained' | 'silent' | 'void';

/** What became of one assistant's ballot; one per role, in the order of `ROLES`. */
export interface Vote {
  readonly role: Role;
  readonly status: VoteStatus;
  /** What it voted; `null` when it said nothing. Also kept where the ballot is void. */
  readonly choice: Action | 'ABSTAIN' | null;
  readonly confidenceBp: number;
  /** Share of the weight cast; 0 unless counted. */
  readonly shareBp: number;
  /** Below 10,000: discounted for a change of mind without new evidence. */
  readonly worthBp: number;
  /** The ballot's own reason, or why it does not count. */
  readonly why: string;
}

/** Where one assistant stood at the end, and on what. */
export interface Argument {
  readonly role: Role;
  readonly round: number;
  readonly action: Action | null;
  readonly confidenceBp: number;
  readonly text: string;
  readonly evidence: readonly Evidence[];
  readonly movedBy: Role | null;
}

/** All a recorded decision holds of the ring's side. JSON-safe, the same for the same inputs. */
export interface Judgement {
  readonly symbol: string;
  readonly verdict: Verdict;
  readonly votes: readonly Vote[];
  readonly reasoning: readonly Argument[];
  readonly arms: ControlArms;
  readonly rounds: number;
  readonly contested: boolean;
  readonly rulesVersion: number;
}

/** Judges one debate for one user from what is stored: the same function for the recorded
 * decision, for `corro verify` and for the backtester. Pure, independent of the order of
 * utterances, and total: whatever was said, it returns a judgement. SPEC.md has every rule. */
export function judge({ utterances, ...inputs }: JudgeInputs): Judgement {
  const record = readRecord(utterances);
  return explain(record, ruleOn(record, inputs));
}

/** What a debate came to, without its reasons. */
export type Ruling = Omit<Judgement, 'votes' | 'reasoning'>;

export interface Ruled {
  readonly ruling: Ruling;
  /** Their shares of the weight are in the verdict's tally. */
  readonly votes: readonly Vote[];
}

/** What the talk comes to under the rules. */
export function ruleOn(
  record: DebateRecord,
  { snapshot, userConfig, ...house }: Omit<JudgeInputs, 'utterances'>,
): Ruled {
  const rules = rulesFor(house.rules, userConfig.rules);
  const weights = applyUserWeights(house.weights[snapshot.reading.regime], userConfig.weights);
  const holding = isHeld(snapshot.holdings.quantity);
  const votes = ROLES.map((role) => countVote(role, { record, snapshot, rules }));
  const decided = verdict({
    ballots: votes.flatMap(ballotOf),
    weights,
    rules,
    veto: record.byRole.risk_manager.ballots.find((ballot) => ballot.veto !== null)?.veto ?? null,
    holding,
  });
  const firstRound = { snapshot, round: 1, rules };
  const ruling = {
    symbol: snapshot.symbol,
    verdict: decided,
    arms: controlArms(
      { opinions: firstOpinions(record, snapshot), weights, rules, holding },
      snapshot.forecast,
    ),
    rounds: record.utterances.at(-1)?.round ?? 0,
    contested: contested(positionsIn(record, firstRound), rules),
    rulesVersion: rules.version,
  };
  return { ruling, votes };
}

/** What the first opinions alone come to when they are counted as votes, without a veto: the arm
 * that is recorded beside every verdict. */
export function voteOn(
  record: DebateRecord,
  { snapshot, userConfig, ...house }: Omit<JudgeInputs, 'utterances'>,
): Verdict {
  return voteOf({
    opinions: firstOpinions(record, snapshot),
    rules: rulesFor(house.rules, userConfig.rules),
    weights: applyUserWeights(house.weights[snapshot.reading.regime], userConfig.weights),
    holding: isHeld(snapshot.holdings.quantity),
  });
}

/** The ruling with every vote and argument it rests on. */
export function explain(record: DebateRecord, { ruling, votes }: Ruled): Judgement {
  const { symbol, verdict: decided, arms, rounds, contested: argued, rulesVersion } = ruling;
  return {
    symbol,
    verdict: decided,
    votes: votes.map((vote) => ({
      ...vote,
      shareBp: decided.tally.roleSharesBp[vote.role] ?? 0,
    })),
    reasoning: argumentsOf(record),
    arms,
    rounds,
    contested: argued,
    rulesVersion,
  };
}

/** The house rules with the user's own on top; a user can only be stricter. */
export function rulesFor(rules: DebateRules, user: UserRules): DebateRules {
  return {
    ...rules,
    thresholdBp: Math.max(rules.thresholdBp, user.thresholdBp),
    quorum: Math.max(rules.quorum, user.quorum),
  };
}

interface VoteContext {
  readonly record: DebateRecord;
  readonly snapshot: Snapshot;
  readonly rules: DebateRules;
}

function countVote(role: Role, context: VoteContext): Vote {
  const { ballot } = context.record.byRole[role];
  const base = { role, shareBp: 0, worthBp: 10_000 };
  if (ballot === null) {
    return { ...base, status: 'silent', choice: null, confidenceBp: 0, why: 'cast no ballot' };
  }
  const { choice, confidenceBp, reason } = ballot;
  const cast = { ...base, choice, confidenceBp };
  const fault = voidReason(role, context);
  if (fault !== null) return { ...cast, status: 'void', why: fault };
  if (choice === 'ABSTAIN') return { ...cast, status: 'abstained', why: reason };
  return { ...cast, status: 'counted', worthBp: worthOf(role, choice, context), why: reason };
}

/** Why a ballot does not count, or `null`. */
function voidReason(role: Role, { record, snapshot }: VoteContext): string | null {
  if (record.byRole[role].equivocal) return 'said two different things in one place';
  const standing = standingAfter(record, role, { snapshot, round: Number.POSITIVE_INFINITY });
  if (standing === null) return 'gave no opinion the ballot could rest on';
  const claim = untrueOf(role, { heard: record.utterances, snapshot });
  if (claim === null) return null;
  const untrue = `claims ${claim.fact} ${claim.value}, which the snapshot does not say`;
  if (!standing.grounded) return untrue;
  return isStruck(record, role) ? `struck by the auditor: ${untrue}` : null;
}

/** The auditor named it. Whether the strike is right, the caller has checked by itself. */
function isStruck(record: DebateRecord, role: Role): boolean {
  const { ballot, equivocal } = record.byRole.auditor;
  if (ballot === null || equivocal || role === 'auditor') return false;
  return ballot.strikes.some((strike) => strike.role === role);
}

/** What is left of a ballot that differs from the last opinion owed to evidence. */
function worthOf(role: Role, choice: Action, { record, snapshot, rules }: VoteContext): number {
  const rounds = record.byRole[role].held.map((held) => held.round);
  const supported = rounds
    .map((round) => standingAfter(record, role, { snapshot, round }))
    .filter((standing) => standing?.supported)
    .at(-1);
  const top = supported ? topAction(supported.held.opinion.stance) : null;
  return top === null || top === choice ? 10_000 : rules.unmovedDiscountBp;
}

function ballotOf({ role, status, choice, confidenceBp, worthBp }: Vote): RoleBallot[] {
  if (status !== 'counted' || choice === null) return [];
  return [{ role, choice, confidenceBp, worthBp }];
}

function argumentsOf(record: DebateRecord): Argument[] {
  return ROLES.flatMap((role) => {
    const held = record.byRole[role].held.at(-1);
    if (held === undefined) return [];
    const { opinion, revision, round } = held;
    return [
      {
        role,
        round,
        action: topAction(opinion.stance),
        confidenceBp: opinion.confidenceBp,
        text: opinion.reasons.map((reason) => reason.text).join('; '),
        evidence: opinion.reasons.flatMap((reason) => reason.evidence),
        movedBy: revision?.movedBy ?? null,
      },
    ];
  });
}

function firstOpinions(record: DebateRecord, snapshot: Snapshot): StatedOpinion[] {
  return ROLES.flatMap((role) => {
    const { held, equivocal } = record.byRole[role];
    const first = held.find((one) => one.revision === null);
    if (first === undefined || equivocal || !grounded(first.opinion, snapshot)) return [];
    return [{ role, opinion: first.opinion }];
  });
}
