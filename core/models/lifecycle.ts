/** What a model is, from the day it is trained. Who speaks for a market is its one champion. */
export const MODEL_STATES = ['candidate', 'shadow', 'champion', 'retired', 'rejected'] as const;
export type ModelState = (typeof MODEL_STATES)[number];

/** How a model goes from one state to another: `change` on its own, `promotion` and `rollback` as
 * the new champion of its market, `succession` because another one took its place. */
export type ModelStep = 'change' | 'promotion' | 'rollback' | 'succession';

/** Every way from one state to another, row by row; `null`: there is none. */
const STEPS = {
  candidate: {
    candidate: null,
    shadow: 'change',
    champion: 'promotion',
    retired: null,
    rejected: 'change',
  },
  shadow: {
    candidate: null,
    shadow: null,
    champion: 'promotion',
    retired: null,
    rejected: 'change',
  },
  champion: {
    candidate: null,
    shadow: null,
    champion: null,
    retired: 'succession',
    rejected: null,
  },
  retired: {
    candidate: null,
    shadow: null,
    champion: 'rollback',
    retired: null,
    rejected: null,
  },
  rejected: {
    candidate: null,
    shadow: null,
    champion: null,
    retired: null,
    rejected: null,
  },
} as const satisfies Record<ModelState, Record<ModelState, ModelStep | null>>;

/** The step between two states; `null`: a model never goes that way. */
export function modelStep(from: ModelState, to: ModelState): ModelStep | null {
  return STEPS[from][to];
}

const WORDS = {
  change: '',
  promotion: ' by promotion',
  rollback: ' by rollback',
  succession: ' when another takes its place',
} as const satisfies Record<ModelStep, string>;

/** What a model of a state may become, for the sentence that refuses something else. */
export function modelStepsFrom(from: ModelState): string {
  const ways = MODEL_STATES.flatMap((to) => {
    const step = modelStep(from, to);
    return step === null ? [] : [`${to}${WORDS[step]}`];
  });
  return ways.length === 0
    ? `a ${from} model stays ${from}`
    : `a ${from} model may become ${ways.join(' or ')}`;
}
