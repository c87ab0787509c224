import { describe, expect, test } from 'vitest';
import { canonicalJson } from '../canonical.ts';
import { hashOf } from '../hash.ts';
import { estimateLiquidity } from '../market/liquidity.ts';
import { type Facts, freezeSnapshot, SNAPSHOT_CANDLES } from './freeze.ts';
import { candlesOf, FORECAST, snapshotOf } from './snapshot.fixture.ts';

function factsOf(candles: number): Facts {
  const closes = Array.from({ length: candles }, (_, at) => 100 + (at % 7));
  const { eventId, venue, symbol, timeframe, trigger, reading, holdings, news } = snapshotOf();
  const names = { eventId, venue, symbol, timeframe, trigger };
  return { ...names, reading, holdings, news, candles: candlesOf(closes) };
}

describe('freezeSnapshot', () => {
  test('a long history - the newest candles only, and the close of the last one', () => {
    const facts = factsOf(100);
    const snapshot = freezeSnapshot(facts);
    expect(snapshot.candles).toEqual(facts.candles.slice(-SNAPSHOT_CANDLES));
    expect(snapshot.closeTimeMs).toBe(facts.candles.at(-1)?.closeTimeMs);
  });

  test('liquidity - of the newest twenty, however many more were given', () => {
    const facts = factsOf(100);
    expect(freezeSnapshot(facts).liquidity).toEqual(estimateLiquidity(facts.candles.slice(-20)));
    const few = freezeSnapshot({ ...facts, candles: facts.candles.slice(-32) });
    expect(canonicalJson(few)).toBe(canonicalJson(freezeSnapshot(facts)));
  });

  test('a fact that the wire does not carry - is not in the hash', () => {
    const more = { ...factsOf(32), secret: 'of the caller' };
    expect(canonicalJson(freezeSnapshot(more))).toBe(canonicalJson(freezeSnapshot(factsOf(32))));
  });

  test('no forecast - the hash there was before there were forecasts', () => {
    const { forecast, ...frozen } = freezeSnapshot(factsOf(32));
    expect(forecast).toBeUndefined();
    expect(hashOf(freezeSnapshot(factsOf(32)))).toBe(hashOf(frozen));
    expect(hashOf(frozen)).toBe('a5414195d0ccbb94d1a3dcdfdf1c2083604037e3bb570e00e17c80ffc62657c5');
  });

  test('a forecast - is in the hash, to its last basis point', () => {
    const hashes = [6_100, 6_101].map((buyBp) => {
      const forecast = { ...FORECAST, buyBp, holdBp: 8_000 - buyBp };
      return hashOf(freezeSnapshot({ ...factsOf(32), forecast }));
    });
    expect(new Set([...hashes, hashOf(freezeSnapshot(factsOf(32)))]).size).toBe(3);
  });

  test('no candle - refused', () => {
    expect(() => freezeSnapshot(factsOf(0))).toThrow('candles must not be empty');
  });
});
