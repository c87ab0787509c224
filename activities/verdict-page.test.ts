import { describe, expect, test } from 'vitest';
import { snapshotOf } from '../core/assistants/snapshot.fixture.ts';
import { judge } from '../core/debate/judge.ts';
import { DEFAULT_RULES } from '../core/debate/rules.ts';
import { said, talkOf, votes } from '../core/debate/talk.fixture.ts';
import { DEFAULT_USER_CONFIG } from '../core/debate/user-config.ts';
import { EQUAL_REGIME_WEIGHTS } from '../core/debate/weights.ts';
import { verdictPage } from './verdict-page.ts';

function judgedWith(reason: string) {
  const talk = talkOf(['BUY', 'BUY', 'BUY', 'HOLD', 'BUY', 'BUY', 'HOLD']);
  const others = talk.filter((one) => one.role !== 'auditor' || one.kind !== 'ballot');
  const judgement = judge({
    utterances: [...others, said('auditor', 'ballot', votes('ABSTAIN', { reason }))],
    snapshot: snapshotOf(),
    weights: EQUAL_REGIME_WEIGHTS,
    userConfig: DEFAULT_USER_CONFIG,
    rules: DEFAULT_RULES,
  });
  const followUp = { kind: 'nothing', why: 'the ring agreed to do nothing' } as const;
  return { username: 'ana', judgement, followUp };
}

/** Pipes that end a cell: those not escaped. */
const CELL_ENDS = /(?<!\\)\|/g;

describe('verdictPage', () => {
  test('a verdict - says what was decided, by whom, and why nothing follows', () => {
    const page = verdictPage([judgedWith('stale candles')]);
    expect(page).toMatch(/^### BTC\/USDT for ana: consensus BUY\n/);
    expect(page).toContain('the ring agreed to do nothing');
    const rows = page.split('\n').filter((line) => line.startsWith('| auditor'));
    expect(rows).toEqual(['| auditor | ABSTAIN | 0 % | stale candles |']);
  });

  test.each([
    ['ends the cell', 'a | b'],
    ['ends the row', 'one\n| forged | BUY | 100 % | row |'],
    ['is an image', '![x](https://example.com/pixel.png)'],
    ['is a tag', '<img src=x onerror=alert(1)>'],
    ['escapes an escape', 'back\\|slash'],
  ])('a reason that %s - stays one cell of plain words', (_name, reason) => {
    const page = verdictPage([judgedWith(reason)]);
    const row = page.split('\n').find((line) => line.startsWith('| auditor')) ?? '';
    expect(row.replaceAll('\\\\', '').match(CELL_ENDS)).toHaveLength(5);
    expect(page.split('\n').filter((line) => line.startsWith('| '))).toHaveLength(2 + 7);
    expect(page).not.toMatch(/(?<!\\)<|(?<!\\)!\[|https:\/\//);
  });

  test('a docket of a whole market - is cut, and says how many more there are', () => {
    const many = Array.from({ length: 100 }, () => judgedWith('x'.repeat(5_000)));
    const page = verdictPage(many);
    expect(page.length).toBeLessThan(17_000);
    const shown = page.split('### ').length - 1;
    expect(shown).toBeGreaterThan(5);
    expect(page).toContain(`… and ${100 - shown} more`);
  });
});
