import type { Role } from '../assistants/role.ts';
import { ACTIONS, type Action, type Kind, type Stance } from '../assistants/speech.ts';
import { topAction } from '../assistants/stance.ts';
import type { DebateRules } from './rules.ts';

/** One assistant's standing after a round, compact: what the workflow holds of it. */
export interface Position {
  readonly role: Role;
  readonly stance: Stance;
  /** Already discounted when the last change of mind named no new evidence. */
  readonly confidenceBp: number;
  /** It revised its opinion in this very round. */
  readonly moved: boolean;
  /** Every claim it rests on stands in the snapshot. */
  readonly grounded: boolean;
}

export const DEBATE_PHASES = [
  'waiting',
  'analysing',
  'debating',
  'voting',
  'concluded',
  'cancelled',
] as const;
export type DebatePhase = (typeof DEBATE_PHASES)[number];

export interface DebateState {
  readonly phase: DebatePhase;
  /** The round being held; 0 before the first. */
  readonly round: number;
  /** Whether round 1 left two confident opinions in conflict. */
  readonly contested: boolean;
  /** As of the last closed round that had opinions. */
  readonly positions: readonly Position[];
  readonly rules: DebateRules;
}

export type DebateEvent =
  | { readonly type: 'opened' }
  | {
      readonly type: 'round_closed';
      readonly round: number;
      /** Empty for the vote. */
      readonly positions: readonly Position[];
    }
  | { readonly type: 'cancelled' };

export type DebateEffect =
  | { readonly type: 'hold_round'; readonly round: number; readonly kinds: readonly Kind[] }
  | { readonly type: 'conclude' };

export type DebateStep = readonly [DebateState, readonly DebateEffect[]];

export function initialDebate(rules: DebateRules): DebateState {
  return { phase: 'waiting', round: 0, contested: false, positions: [], rules };
}

/** The next state and what the shell must do. Pure; an event that has no meaning in a state (a
 * late or repeated one) changes nothing and asks for nothing. */
export function transition(state: DebateState, event: DebateEvent): DebateStep {
  switch (event.type) {
    case 'opened':
      return TABLE[state.phase].opened(state, event);
    case 'round_closed':
      return TABLE[state.phase].round_closed(state, event);
    case 'cancelled':
      return TABLE[state.phase].cancelled(state, event);
  }
}

/** Two confident, grounded opinions want different things. HOLD against a trade is a conflict
 * too: whether to act is the question. A stance without a single top action conflicts with
 * nobody. */
export function contested(positions: readonly Position[], rules: DebateRules): boolean {
  const wanted = new Set<Action>();
  for (const position of positions) {
    const top = topAction(position.stance);
    const confident = position.confidenceBp >= rules.confidentBp;
    if (confident && position.grounded && top !== null) wanted.add(top);
  }
  return wanted.size > 1;
}

/** The ring's leaning did not move: no action's confidence-weighted share changed by more than
 * `rules.stableBp`. */
export function stable(
  before: readonly Position[],
  after: readonly Position[],
  rules: DebateRules,
): boolean {
  const [was, is] = [leaning(before), leaning(after)];
  return ACTIONS.every((action) => Math.abs(is[action] - was[action]) <= rules.stableBp);
}

function leaning(positions: readonly Position[]): Record<Action, number> {
  const heard = positions.filter((position) => position.grounded);
  const total = heard.reduce((sum, position) => sum + position.confidenceBp, 0);
  const share = (part: (stance: Stance) => number) => {
    const weighed = heard.reduce((sum, p) => sum + part(p.stance) * p.confidenceBp, 0);
    return total === 0 ? 0 : Math.round(weighed / total);
  };
  return {
    BUY: share((stance) => stance.buyBp),
    SELL: share((stance) => stance.sellBp),
    HOLD: share((stance) => stance.holdBp),
  };
}

type EventOf<T extends DebateEvent['type']> = Extract<DebateEvent, { type: T }>;
type Cell<T extends DebateEvent['type']> = (state: DebateState, event: EventOf<T>) => DebateStep;
type Row = { readonly [T in DebateEvent['type']]: Cell<T> };

const unchanged = (state: DebateState): DebateStep => [state, []];

/** Every state × event, see SPEC.md. The compiler refuses a missing row or cell. */
const TABLE: Readonly<Record<DebatePhase, Row>> = {
  waiting: { opened: open, round_closed: unchanged, cancelled: cancel },
  analysing: { opened: unchanged, round_closed: afterAnalysis, cancelled: cancel },
  debating: { opened: unchanged, round_closed: afterDebate, cancelled: cancel },
  voting: { opened: unchanged, round_closed: afterVote, cancelled: cancel },
  concluded: { opened: unchanged, round_closed: unchanged, cancelled: unchanged },
  cancelled: { opened: unchanged, round_closed: unchanged, cancelled: unchanged },
} satisfies Record<DebatePhase, Row>;

function open(state: DebateState): DebateStep {
  return hold(state, 'analysing', ['opinion']);
}

function afterAnalysis(state: DebateState, event: EventOf<'round_closed'>): DebateStep {
  if (event.round !== state.round) return unchanged(state);
  const { positions } = event;
  const next = { ...state, positions, contested: contested(positions, state.rules) };
  return next.contested && roomForDebate(next) ? debate(next) : vote(next);
}

function afterDebate(state: DebateState, event: EventOf<'round_closed'>): DebateStep {
  if (event.round !== state.round) return unchanged(state);
  const { positions } = event;
  const next = { ...state, positions };
  const settled =
    !contested(positions, state.rules) || stable(state.positions, positions, state.rules);
  return settled || !roomForDebate(next) ? vote(next) : debate(next);
}

function afterVote(state: DebateState, event: EventOf<'round_closed'>): DebateStep {
  if (event.round !== state.round) return unchanged(state);
  return [{ ...state, phase: 'concluded' }, [{ type: 'conclude' }]];
}

/** What was said stays said: a cancelled debate is judged on it, and below quorum nothing
 * trades. */
function cancel(state: DebateState): DebateStep {
  return [{ ...state, phase: 'cancelled' }, [{ type: 'conclude' }]];
}

function debate(state: DebateState): DebateStep {
  return hold(state, 'debating', ['challenge', 'rebuttal', 'revision']);
}

function vote(state: DebateState): DebateStep {
  return hold(state, 'voting', ['ballot']);
}

/** One more debate round still leaves the last round for the vote. */
function roomForDebate(state: DebateState): boolean {
  return state.round + 1 < state.rules.maxRounds;
}

function hold(state: DebateState, phase: DebatePhase, kinds: readonly Kind[]): DebateStep {
  const round = state.round + 1;
  return [{ ...state, phase, round }, [{ type: 'hold_round', round, kinds }]];
}
