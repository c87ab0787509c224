import { ROLES, type Role } from '../assistants/role.ts';
import type { Action, Opinion } from '../assistants/speech.ts';
import { topAction } from '../assistants/stance.ts';
import type { Forecast } from '../models/forecast.ts';
import type { DebateRules } from './rules.ts';
import { type Verdict, type VerdictKind, verdict } from './tally.ts';
import type { Weights } from './weights.ts';

/** What others would have done with the same round-1 opinions, recorded beside every verdict. */
export interface ControlArms {
  /** The assistant with the greatest weight × confidence; `null` when nobody spoke. */
  readonly bestSingle: {
    readonly role: Role;
    readonly action: Action;
    readonly confidenceBp: number;
  } | null;
  /** The same count over round-1 opinions, as if nobody had argued. */
  readonly voteWithoutDebate: {
    readonly kind: VerdictKind;
    readonly action: Action;
    readonly confidenceBp: number;
  };
  readonly hold: { readonly action: 'HOLD' };
  /** The model in service, taken at its word; absent where none foretold anything. */
  readonly model?: {
    /** sha256 of its file. */
    readonly hash: string;
    readonly action: Action;
    readonly confidenceBp: number;
  };
}

export interface StatedOpinion {
  readonly role: Role;
  readonly opinion: Opinion;
}

export interface ArmInputs {
  /** Round-1 opinions that count, one per role. */
  readonly opinions: readonly StatedOpinion[];
  readonly weights: Weights;
  readonly rules: DebateRules;
  readonly holding: boolean;
}

/** The control arms, from round 1 alone: no talk, no ballots, no veto. The best single
 * assistant is the one with the greatest weight × confidence (weights carry its settled
 * record); on equal products the earlier role. An opinion or a forecast without a single top action
 * says HOLD. */
export function controlArms(inputs: ArmInputs, forecast: Forecast | undefined): ControlArms {
  const { kind, action, confidenceBp } = voteOf(inputs);
  return {
    bestSingle: bestSingle(ballotsOf(inputs.opinions), inputs.weights),
    voteWithoutDebate: { kind, action, confidenceBp },
    hold: { action: 'HOLD' },
    ...modelArm(forecast),
  };
}

/** What the model alone would have done, whatever its vote is worth in the ring. */
export function modelArm(forecast: Forecast | undefined): Pick<ControlArms, 'model'> {
  if (forecast === undefined) return NO_MODEL;
  const { model: hash, confidenceBp } = forecast;
  return { model: { hash, action: topAction(forecast) ?? 'HOLD', confidenceBp } };
}

const NO_MODEL = {};

/** The verdict of first opinions alone. */
export function voteOf({ opinions, weights, rules, holding }: ArmInputs): Verdict {
  return verdict({ ballots: ballotsOf(opinions), weights, rules, veto: null, holding });
}

/** What one opinion wants, as an arm counts it: without a single top action it is HOLD. */
export function wantedBy({ stance }: Pick<Opinion, 'stance'>): Action {
  return topAction(stance) ?? 'HOLD';
}

function ballotsOf(opinions: readonly StatedOpinion[]) {
  return opinions.map(({ role, opinion }) => ({
    role,
    choice: wantedBy(opinion),
    confidenceBp: opinion.confidenceBp,
    worthBp: 10_000,
  }));
}

function bestSingle(
  ballots: readonly { role: Role; choice: Action; confidenceBp: number }[],
  weights: Weights,
): ControlArms['bestSingle'] {
  let best: ControlArms['bestSingle'] = null;
  let most = -1n;
  for (const role of ROLES) {
    const ballot = ballots.find((candidate) => candidate.role === role);
    if (ballot === undefined) continue;
    const product = BigInt(weights[role]) * BigInt(ballot.confidenceBp);
    if (product <= most) continue;
    most = product;
    best = { role, action: ballot.choice, confidenceBp: ballot.confidenceBp };
  }
  return best;
}
