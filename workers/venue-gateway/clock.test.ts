import { pino } from 'pino';
import { afterEach, describe, expect, test } from 'vitest';
import { Clock } from './clock.ts';

const log = pino({ level: 'silent' });

/** A failure here means orders signed with a time at which the venue does not live. */
describe('clock', () => {
  const now = { wall: 1_000_000, steady: 0, ahead: 0, trip: 0, broken: false };
  const clocks: Clock[] = [];
  const pass = (ms: number): void => {
    now.wall += ms;
    now.steady += ms;
  };
  const open = (): Clock => {
    Object.assign(now, { wall: 1_000_000, steady: 0, ahead: 0, trip: 0, broken: false });
    const venue = async (): Promise<number> => {
      if (now.broken) throw new Error('no answer');
      const told = now.wall + now.ahead;
      pass(now.trip);
      return told;
    };
    const clock = new Clock({ venue, wall: () => now.wall, steady: () => now.steady }, log);
    clocks.push(clock);
    return clock;
  };

  afterEach(() => {
    for (const clock of clocks.splice(0)) clock.close();
  });

  test.each([
    [0, null],
    [500, null],
    [-500, null],
    [501, /was 501 away/],
    [-2_000, /was -2000 away/],
  ])('venue %d ms ahead - %s', async (ahead, expected) => {
    const clock = open();
    now.ahead = ahead;
    const why = await clock.forbids();
    if (expected === null) expect(why).toBeNull();
    else expect(why).toMatch(expected);
  });

  test('away and back - orders stop, and go on after a look', async () => {
    const clock = open();
    now.ahead = 3_000;
    expect(await clock.forbids()).toMatch(/3000/);
    now.ahead = 0;
    await clock.look();
    expect(await clock.forbids()).toBeNull();
  });

  test('slow answer - what the round trip explains is no difference', async () => {
    const clock = open();
    now.trip = 4_000;
    expect(await clock.forbids()).toBeNull();
    expect(clock.facts().clockAwayMs).toBe(0);
  });

  test('our clock is set - seen at once, before the next look', async () => {
    const clock = open();
    expect(await clock.forbids()).toBeNull();
    now.wall += 60_000;
    now.broken = true;
    expect(await clock.forbids()).toMatch(/jumped/);
    now.broken = false;
    expect(await clock.forbids()).toBeNull();
  });

  test('venue silent - not at first, not for ever', async () => {
    const clock = open();
    now.broken = true;
    expect(await clock.forbids()).toMatch(/could not be read/);
    now.broken = false;
    await clock.look();
    now.broken = true;
    pass(29_000);
    expect(await clock.forbids()).toBeNull();
    pass(2_000);
    expect(await clock.forbids()).toMatch(/not read for 31000 ms/);
  });
});
