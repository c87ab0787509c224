import { expect, test } from 'vitest';
import type { GateAnswer } from '../../learning/gate.ts';
import { expectPassed } from './promote.ts';

/** Failure here means: a person promotes a model that recorded debates speak against, without
 * having said that they know it. */

function gated(passed: boolean | null) {
  const report = passed === null ? null : ({ passed } as GateAnswer);
  return { report, words: '' };
}

test('promote - what the gate does not let pass is refused, with the way around it', () => {
  expect(() => expectPassed(gated(false))).toThrow('--no-gate --reason');
});

test('promote - what passed, and what was not asked about, goes on to the question', () => {
  expect(() => expectPassed(gated(true))).not.toThrow();
  expect(() => expectPassed(gated(null))).not.toThrow();
});
