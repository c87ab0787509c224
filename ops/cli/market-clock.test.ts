import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { takeMarketClock } from './market-clock.ts';

describe('market clock', () => {
  let home: string;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'clock-'));
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  test('a second tape on one market - is refused, with who moves it', () => {
    const giveUp = takeMarketClock(home);
    expect(() => takeMarketClock(home)).toThrow(`process ${process.pid} moves the market`);
    giveUp();
    takeMarketClock(home)();
  });

  test('another home - is another market', () => {
    const giveUp = takeMarketClock(home);
    const other = mkdtempSync(join(tmpdir(), 'clock-'));
    expect(takeMarketClock(other)).not.toThrow();
    rmSync(other, { recursive: true });
    giveUp();
  });

  test('a holder that was killed - does not keep it', () => {
    const dead = JSON.stringify({ pid: 2 ** 22 + 1, born: 'long ago' });
    writeFileSync(join(home, 'clock.lock'), dead);
    expect(takeMarketClock(home)).not.toThrow();
  });
});
