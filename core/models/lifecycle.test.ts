import { describe, expect, test } from 'vitest';
import { MODEL_STATES, modelStep, modelStepsFrom } from './lifecycle.ts';

/** Failure here means: a model that was rejected, or replaced, can speak for a market without
 * anybody having judged it again. */

describe('model states', () => {
  test('lifecycle - the ways there are, and no other', () => {
    const ways = MODEL_STATES.flatMap((from) =>
      MODEL_STATES.flatMap((to) => {
        const step = modelStep(from, to);
        return step === null ? [] : [`${from} > ${to}: ${step}`];
      }),
    );
    expect(ways).toEqual([
      'candidate > shadow: change',
      'candidate > champion: promotion',
      'candidate > rejected: change',
      'shadow > champion: promotion',
      'shadow > rejected: change',
      'champion > retired: succession',
      'retired > champion: rollback',
    ]);
  });

  test('lifecycle - a refusal says what would be possible', () => {
    expect(modelStepsFrom('rejected')).toBe('a rejected model stays rejected');
    expect(modelStepsFrom('shadow')).toBe(
      'a shadow model may become champion by promotion or rejected',
    );
    expect(modelStepsFrom('champion')).toBe(
      'a champion model may become retired when another takes its place',
    );
  });
});
