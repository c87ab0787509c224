import { ROLES, type Role } from '../../assistants/role.ts';
import { ACTIONS } from '../../assistants/speech.ts';
import { ringStance } from '../../backtest/council.ts';
import { type FollowUp, followUp } from '../../debate/follow-up.ts';
import type { Judgement, Vote } from '../../debate/judge.ts';
import type { VerdictKind } from '../../debate/tally.ts';
import type { UserConfig } from '../../debate/user-config.ts';
import type { PairedMean } from '../../judgement/assessment.ts';
import { DEFAULT_BOOTSTRAP } from '../../judgement/bootstrap.ts';
import { PairedScores } from '../../judgement/difference.ts';
import { brierOf } from '../../judgement/score.ts';
import { type DecidedTwice, decideAgain } from './again.ts';
import type { Flip, GateCandidate, GateCase, GateReport, MarketMemory, Stand } from './case.ts';
import { configWith, type TradingGround, tradeTwice } from './simulated.ts';

export interface GateInputs extends TradingGround {
  readonly cases: readonly GateCase[];
  readonly memories: readonly MarketMemory[];
  readonly candidate: GateCandidate;
}

/** Replays recorded debates on a candidate and says what would have been decided otherwise, before
 * anything goes live. Pure: the same records give the same report. It stops what is shown to be
 * worse, by what the ring believed or by what trading on it made; it does not ask for proof that
 * the candidate is better: that is asked out of sample (core/learning/promotion.ts). */
export function runGate(inputs: GateInputs): GateReport {
  const { cases, memories, candidate } = inputs;
  const { decided, undecided, unreproduced } = decideAgain(cases, candidate, memories);
  const flips = decided.flatMap((one) => flipOf(one, candidate) ?? []);
  const belief = beliefGain(decided);
  const money = tradeTwice(decided, candidate, inputs);
  const worse = [
    ...(belief.interval !== null && belief.interval.high < 0 ? ['belief'] : []),
    ...(money?.verdict === 'worse' ? ['money'] : []),
  ];
  const figures = {
    motions: decided.length,
    seen: seenOf(decided, candidate),
    flips,
    belief,
    money,
  };
  return {
    candidate: { kind: candidate.kind, name: candidate.name },
    ...{ undecided, unreproduced, ...figures },
    fromMs: decided[0]?.motion.snapshot.closeTimeMs ?? null,
    toMs: decided.at(-1)?.motion.snapshot.closeTimeMs ?? null,
    actions: mixOf(decided, ACTIONS, ({ verdict }) => verdict.action),
    verdicts: mixOf(decided, VERDICT_KINDS, ({ verdict }) => verdict.kind),
    passed: worse.length === 0,
    words: wordsOf({ ...figures, worse }),
  };
}

const VERDICT_KINDS = [
  'consensus',
  'no_consensus',
  'vetoed',
  'inquorate',
] as const satisfies readonly VerdictKind[];

/** Judged motions that lie before the end of what the candidate was made from. */
function seenOf(decided: readonly DecidedTwice[], candidate: GateCandidate): number {
  const knowsToMs = candidate.kind === 'rules' ? null : candidate.knowsToMs;
  if (knowsToMs === null) return 0;
  return decided.filter(({ motion }) => motion.snapshot.closeTimeMs < knowsToMs).length;
}

function mixOf<T extends string>(
  decided: readonly DecidedTwice[],
  all: readonly T[],
  of: (judgement: Judgement) => T,
) {
  const count = (side: 'before' | 'after'): Record<T, number> => {
    const counts = Object.fromEntries(all.map((one) => [one, 0])) as Record<T, number>;
    for (const one of decided) counts[of(one[side])] += 1;
    return counts;
  };
  return { before: count('before'), after: count('after') };
}

function flipOf(one: DecidedTwice, candidate: GateCandidate): Flip | null {
  const { motion } = one;
  const { snapshot, eventId, debateId, recorded } = motion;
  const quantity = snapshot.holdings.quantity;
  const stand = (judgement: Judgement, config: UserConfig): Stand => ({
    action: judgement.verdict.action,
    verdict: judgement.verdict.kind,
    confidenceBp: judgement.verdict.confidenceBp,
    followUp: followUp(judgement, config, quantity),
  });
  const before = stand(one.before, recorded.userConfig);
  const after = stand(one.after, configWith(candidate, recorded.userConfig));
  if (before.action === after.action && sameAct(before.followUp, after.followUp)) return null;
  const { symbol, closeTimeMs } = snapshot;
  return { eventId, debateId, symbol, closeTimeMs, before, after, why: whyFlipped(one, candidate) };
}

function sameAct(one: FollowUp, other: FollowUp): boolean {
  if (one.kind === 'nothing' || other.kind === 'nothing') return one.kind === other.kind;
  return one.kind === other.kind && one.side === other.side;
}

/** Whose vote became another; else whose share of the weight changed most; else the rule. */
function whyFlipped({ before, after }: DecidedTwice, candidate: GateCandidate): string {
  const turned = ROLES.flatMap((role) => {
    const [one, other] = [voteOf(before, role), voteOf(after, role)];
    return one === other ? [] : [`${spoken(role)} votes ${other}, not ${one}`];
  });
  const shares = `${sharesText(before)} became ${sharesText(after)}`;
  if (turned.length > 0) return `${turned.slice(0, 3).join('; ')}: ${shares}`;
  if (candidate.kind === 'rules') return `the rules differ; ${sharesText(after)}`;
  const [most] = ROLES.map((role) => ({ role, ...shareChange(role, before, after) })).toSorted(
    (a, b) => Math.abs(b.to - b.from) - Math.abs(a.to - a.from),
  );
  if (most === undefined || most.to === most.from) return shares;
  return `${spoken(most.role)} weighs ${most.to / 100} %, not ${most.from / 100} %: ${shares}`;
}

function voteOf({ votes }: Judgement, role: Role): string {
  const vote = votes.find((one) => one.role === role) as Vote;
  return vote.status === 'counted' ? (vote.choice ?? 'nothing') : 'nothing';
}

function shareChange(role: Role, before: Judgement, after: Judgement) {
  const of = ({ verdict }: Judgement): number => verdict.tally.roleSharesBp[role] ?? 0;
  return { from: of(before), to: of(after) };
}

function sharesText({ verdict }: Judgement): string {
  const { BUY, SELL, HOLD } = verdict.tally.sharesBp;
  return `BUY ${BUY / 100} %, SELL ${SELL / 100} %, HOLD ${HOLD / 100} %`;
}

function spoken(role: Role): string {
  return role.replaceAll('_', ' ');
}

/** Of motions whose outcome is known and that weighed anything on both sides. */
function beliefGain(decided: readonly DecidedTwice[]): PairedMean {
  const scores = new PairedScores();
  for (const { motion, before, after } of decided) {
    const [one, other] = [ringStance(before.verdict), ringStance(after.verdict)];
    if (motion.outcome === null || one === null || other === null) continue;
    const { label } = motion.outcome;
    scores.add(motion.snapshot.closeTimeMs, brierOf(one, label) - brierOf(other, label));
  }
  return scores.result(DEFAULT_BOOTSTRAP);
}

interface Found extends Pick<GateReport, 'motions' | 'seen' | 'flips' | 'belief' | 'money'> {
  readonly worse: readonly string[];
}

function wordsOf({ motions, seen, flips, belief, money, worse }: Found): string {
  if (motions === 0) return 'There is no recorded decision to replay: nothing can be said.';
  const changed = `${flips.length} of ${motions} decisions would have been other ones`;
  const knew = `Of ${seen === motions ? 'all of them' : `${seen} of them`} it knew what came`;
  const said = seen === 0 ? '' : ` ${knew}: on these it is no test.`;
  const traded = `${money === null ? '' : ` ${money.words}`}${said}`;
  if (worse.length > 0) return `Worse by its ${worse.join(' and ')}: ${changed}.${traded}`;
  const believed =
    belief.interval !== null && belief.interval.low > 0
      ? ', and the ring would have believed more of what came'
      : '';
  return `Not shown to be worse: ${changed}${believed}.${traded}`;
}
