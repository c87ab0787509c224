import type { Role } from './role.ts';

/** What an assistant can want. HOLD is a real answer; silence is an abstention. */
export const ACTIONS = ['BUY', 'SELL', 'HOLD'] as const;
export type Action = (typeof ACTIONS)[number];

/** A distribution over the actions, integer basis points, sum exactly 10,000. */
export interface Stance {
  readonly buyBp: number;
  readonly sellBp: number;
  readonly holdBp: number;
}

/** One number a reason rests on. `fact` is a dotted path into the snapshot
 * (`reading.indicators.rsi14`); the auditor checks that `value` is what stands there. */
export interface Evidence {
  readonly fact: string;
  readonly value: number;
}

export interface Reason {
  readonly text: string;
  readonly evidence: readonly Evidence[];
}

/** Round 1: what an assistant thinks before it has heard anybody. */
export interface Opinion {
  readonly stance: Stance;
  /** 0 … 10,000. */
  readonly confidenceBp: number;
  readonly reasons: readonly Reason[];
}

/** At most one an assistant and round: an addressed question. */
export interface Challenge {
  readonly to: Role;
  readonly text: string;
  readonly evidence: readonly Evidence[];
}

/** The addressed assistant's answer to one challenger. */
export interface Answer {
  readonly to: Role;
  readonly concedes: boolean;
  readonly text: string;
  readonly evidence: readonly Evidence[];
}

/** An opinion held after the round's talk. `movedBy` names who moved it and `newEvidence` with
 * what; a change that names no new evidence is kept on record and discounted by the machine. */
export interface Revision extends Opinion {
  readonly movedBy: Role | null;
  readonly newEvidence: readonly Evidence[];
}

export interface Veto {
  readonly code: string;
  readonly text: string;
}

/** The final vote. Only the risk manager's `veto` and the auditor's `strikes` count. */
export interface Ballot {
  readonly choice: Action | 'ABSTAIN';
  readonly confidenceBp: number;
  readonly veto: Veto | null;
  readonly strikes: readonly { readonly role: Role; readonly text: string }[];
  readonly reason: string;
}

export const KINDS = ['opinion', 'challenge', 'rebuttal', 'revision', 'ballot'] as const;
export type Kind = (typeof KINDS)[number];

/** What each kind of utterance carries. `null` content: asked, and nothing to say. */
export interface Content {
  readonly opinion: Opinion | null;
  readonly challenge: Challenge | null;
  readonly rebuttal: readonly Answer[];
  readonly revision: Revision | null;
  readonly ballot: Ballot | null;
}

/** One thing said in the ring, once for ever: (debate, symbol, round, kind, role) is its
 * address. */
export type Utterance = {
  [K in Kind]: {
    readonly debateId: string;
    readonly eventId: string;
    readonly symbol: string;
    readonly round: number;
    readonly kind: K;
    readonly role: Role;
    /** Id of the mail it answers. */
    readonly messageId: string;
    readonly content: Content[K];
  };
}[Kind];
