import { describe, expect, test } from 'vitest';
import { UnknownError } from '../../adapters/store/unknown.ts';
import { exitCodeOf } from '../../proto/errors.ts';
import { explain } from './fault.ts';

// Failure here looks like: a script is told that Corro failed, where it asked for what is not
// there.

describe('what is not there', () => {
  test.each([
    ['model', 'unknown_model'],
    ['run', 'unknown_run'],
    ['weights version', 'unknown_weights'],
    ['content', 'unknown_content'],
    ['symbol at paper', 'unknown_symbol'],
  ])('%s - %s, exit 6', (kind, code) => {
    const fault = explain(new UnknownError(kind, '7', []));
    expect(fault.code).toBe(code);
    expect(exitCodeOf(fault.code)).toBe(6);
  });
});
