import { describe, expect, test } from 'vitest';
import { snapshotOf } from '../core/assistants/snapshot.fixture.ts';
import { debateIdOf, docketAttributes, docketCard, docketInput } from './docket-start.ts';
import { wire } from './subjects.ts';

const CLOSE_MS = Date.UTC(2024, 7, 5, 6, 5) - 1;
const hash = 'abcdef0123456789'.repeat(4);

/** The longest names there are. */
function market(size: number) {
  const snapshots = Array.from({ length: size }, (_, index) => {
    const symbol = `${String(index).padStart(4, '0').padEnd(20, 'A')}/${'B'.repeat(20)}`;
    return snapshotOf({ symbol, eventId: String(index).padStart(64, '0') });
  });
  const debateId = debateIdOf({
    closeTimeMs: CLOSE_MS,
    timeframe: '5m',
    symbols: snapshots.map((one) => one.symbol),
    hash,
  });
  return {
    debateId,
    venue: 'paper',
    timeframe: '5m',
    closeTimeMs: CLOSE_MS,
    clock: 'tape',
    snapshots,
  } as const;
}

const bytes = (text: string): number => new TextEncoder().encode(text).byteLength;

describe('debateIdOf', () => {
  test('one symbol - reads as when, what and which', () => {
    const symbols = ['BTC/USDT'];
    const id = debateIdOf({ closeTimeMs: CLOSE_MS, timeframe: '5m', symbols, hash });
    expect(id).toBe('2024-08-05T0605Z-5m-BTC-USDT-abcdef01');
  });

  test('several - says how many', () => {
    const symbols = ['BTC/USDT', 'ETH/USDT'];
    const id = debateIdOf({ closeTimeMs: CLOSE_MS, timeframe: '1h', symbols, hash });
    expect(id).toBe('2024-08-05T0605Z-1h-2-symbols-abcdef01');
  });

  test.each([1, 2, 500])('a docket of %i - has an id that subjects and workflows carry', (size) => {
    const { debateId } = market(size);
    expect(() => wire().debateWorkflowId(debateId)).not.toThrow();
  });
});

describe('docketCard', () => {
  test.each([1, 20, 500])('%i motions - within what Temporal takes', (size) => {
    const docket = market(size);
    const { staticSummary, staticDetails } = docketCard(docket);
    expect(bytes(staticSummary)).toBeLessThanOrEqual(400);
    expect(bytes(staticDetails)).toBeLessThanOrEqual(20_000);
    for (const { value } of docketAttributes(docketInput(docket, 'corro'))) {
      expect(bytes(JSON.stringify(value))).toBeLessThanOrEqual(2_048);
    }
  });

  test('what is not named - is counted', () => {
    expect(docketCard(market(20)).staticSummary).toContain('and 15 more at 2024-08-05 06:05 UTC');
    expect(docketCard(market(5)).staticSummary).not.toContain('more');
  });
});

describe('docketInput', () => {
  test('motions - every one, with its close as money is written', () => {
    const { motions, answerTimeoutMs } = docketInput(market(3), 'corro');
    expect(motions).toHaveLength(3);
    expect(motions[0]).toMatchObject({ close: '100', trigger: 'cadence' });
    expect(answerTimeoutMs).toBe(180_000);
  });
});
