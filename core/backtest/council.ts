import type { Stance } from '../assistants/speech.ts';
import type { FollowUp } from '../debate/follow-up.ts';
import { ANSWER_WINDOW_MS, ASK_REASONS, followUp, STAND_REASONS } from '../debate/follow-up.ts';
import type { Ruling } from '../debate/judge.ts';
import { DEFAULT_RULES, type DebateRules } from '../debate/rules.ts';
import type { Verdict } from '../debate/tally.ts';
import { DEFAULT_USER_CONFIG, type UserConfig } from '../debate/user-config.ts';
import { EQUAL_REGIME_WEIGHTS, type RegimeWeights } from '../debate/weights.ts';
import type { Predictions } from '../models/contract.ts';
import { type HeldDebate, holdDebate } from './debate.ts';
import { LeanRing } from './lean/debate.ts';
import { type First, type Motion, Motions, RING_READS } from './motions.ts';
import { RING_SETTLED } from './settled.ts';
import type {
  AssistantCall,
  BooksAtClose,
  CouncilRecord,
  Decision,
  Gear,
  MarketView,
  Strategy,
} from './strategy.ts';

/** What a ring decides under; everything left out is as a fresh installation has it. */
export interface RingTerms {
  readonly gear: Gear;
  readonly weights?: RegimeWeights;
  readonly rules?: DebateRules;
  readonly userConfig?: UserConfig;
  /** The venue's name in ids and snapshots. */
  readonly venue?: string;
  /** Answers of a model over the very series that are run; left out: none is in service. */
  readonly predictions?: Predictions;
}

/** The terms with every default filled in. */
export interface House extends Required<Omit<RingTerms, 'predictions'>> {
  readonly predictions: Predictions | null;
}

export function houseOf(terms: RingTerms): House {
  return {
    gear: terms.gear,
    weights: terms.weights ?? EQUAL_REGIME_WEIGHTS,
    rules: terms.rules ?? DEFAULT_RULES,
    userConfig: terms.userConfig ?? DEFAULT_USER_CONFIG,
    venue: terms.venue ?? 'paper',
    predictions: terms.predictions ?? null,
  };
}

/** What of the terms makes another trial of the same strategy. */
export function parametersOf(house: House): Strategy['parameters'] {
  const { weights, rules, userConfig, predictions } = house;
  return {
    rulesVersion: rules.version,
    ...(weights === EQUAL_REGIME_WEIGHTS ? {} : { weights }),
    ...(userConfig === DEFAULT_USER_CONFIG ? {} : { userConfig }),
    ...(predictions === null ? {} : { model: predictions.model.hash }),
  };
}

/** The whole ring: debate at every motion of the market monitor, for one user. */
export class Council implements Strategy {
  readonly name = 'council';
  readonly version = 1;
  readonly warmup = RING_SETTLED;
  readonly reads = RING_READS;
  readonly parameters: Strategy['parameters'];
  readonly #house: House;
  readonly #motions: Motions;
  readonly #questions = new OpenQuestions();
  /** In the lean gear debates are reckoned rather than held. */
  readonly #reckoning: LeanRing | null;

  constructor(terms: RingTerms) {
    this.#house = houseOf(terms);
    this.#reckoning = terms.gear === 'lean' ? new LeanRing(this.#house) : null;
    this.parameters = parametersOf(this.#house);
    this.#motions = new Motions(this.#house);
  }

  decide(closed: readonly MarketView[], books: BooksAtClose): readonly Decision[] {
    const motions = this.#motions.put(closed, books);
    return motions.length === 0 ? NONE : motions.map((motion) => this.#decide(motion, books));
  }

  #decide(motion: Motion, books: BooksAtClose): Decision {
    const { snapshot, memories, trigger } = motion;
    const { symbol, closeTimeMs } = snapshot;
    const held =
      this.#reckoning?.hold({ snapshot, memories }) ??
      holdDebate({ ...this.#house, snapshot, memories });
    this.#motions.learn(motion, (_, place) => firstOf(held.opinions[place]));
    const { verdict } = held.ruling;
    const wanted = followUp(held.ruling, this.#house.userConfig, books.sellable(symbol));
    const follow = this.#questions.asked(symbol, closeTimeMs, wanted);
    return {
      symbol,
      closeTimeMs,
      action: verdict.action,
      confidenceBp: verdict.confidenceBp,
      followUp: follow,
      why: whyOf(follow),
      stance: ringStance(verdict),
      council: recordOfCouncil(held, trigger),
    };
  }
}

const NONE: readonly Decision[] = [];

/** Questions nobody answers: each stands for as long as a person would have had, then HOLD; while
 * one is open for a symbol no other is asked. */
class OpenQuestions {
  readonly #deadlines = new Map<string, number>();

  asked(symbol: string, closeTimeMs: number, wanted: FollowUp): FollowUp {
    if (wanted.kind !== 'escalate') return wanted;
    const deadlineMs = this.#deadlines.get(symbol) ?? Number.NEGATIVE_INFINITY;
    if (deadlineMs > closeTimeMs) return QUESTION_OPEN;
    this.#deadlines.set(symbol, closeTimeMs + ANSWER_WINDOW_MS);
    return wanted;
  }
}

const QUESTION_OPEN: FollowUp = { kind: 'nothing', why: 'question_open' };

/** The ring's own distribution: what each action weighed. `null` when nothing was cast. */
export function ringStance({ tally: { sharesBp } }: Verdict): Stance | null {
  const { BUY, SELL, HOLD } = sharesBp;
  // Small integers, as in every other stance: one of doubles would make all of them larger.
  const [buyBp, sellBp, holdBp] = [BUY | 0, SELL | 0, HOLD | 0];
  return buyBp + sellBp + holdBp === 0 ? null : { buyBp, sellBp, holdBp };
}

/** One line for a reader, from few fixed ones: a long run keeps no texts of its own. */
export function whyOf(follow: FollowUp): string {
  if (follow.kind === 'order') return ORDERED[follow.side];
  return follow.kind === 'escalate' ? ASK_REASONS[follow.why] : STAND_REASONS[follow.why];
}

const ORDERED = { BUY: 'consensus on BUY', SELL: 'consensus on SELL' } as const;

/** What an assistant began with, as far as it is remembered: without its reasons. */
function firstOf(call: AssistantCall | undefined): First | null {
  if (call === undefined || call.first === null) return null;
  return { stance: call.first, confidenceBp: call.firstConfidenceBp };
}

type Held = Pick<HeldDebate, 'ruling' | 'opinions'> &
  Partial<Pick<HeldDebate, 'transcript' | 'judgement'>>;

function recordOfCouncil(held: Held, trigger: Motion['trigger']): CouncilRecord {
  const { verdict, contested, rounds, arms }: Ruling = held.ruling;
  const { opinions, transcript, judgement } = held;
  const record = { trigger, verdict: verdict.kind, contested, rounds, arms, opinions };
  return transcript && judgement ? { ...record, transcript, judgement } : record;
}
