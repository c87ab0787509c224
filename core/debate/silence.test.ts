import { expect, test } from 'vitest';
import { heardInTime, silenceAt } from './silence.ts';
import { inRound, said, votes, wants } from './talk.fixture.ts';

const opinion = said('auditor', 'opinion', wants('BUY'));
const ballot = said('auditor', 'ballot', votes('BUY'));
const other = said('strategist', 'ballot', votes('SELL'));
const talk = [opinion, ballot, other];

test('silence - nobody was silent: all of it counts', () => {
  expect(heardInTime(talk, [])).toEqual(talk);
});

test('silence - a late word does not count, everything else of the same assistant does', () => {
  expect(heardInTime(talk, [silenceAt(ballot)])).toEqual([opinion, other]);
});

test('silence - is of one round: the same kind in another round counts', () => {
  const later = inRound(ballot.round + 1, ballot);
  expect(heardInTime([ballot, later], [silenceAt(ballot)])).toEqual([later]);
});

test('silence - of somebody who never spoke changes nothing', () => {
  const absent = silenceAt({ round: 1, kind: 'opinion', role: 'executor' });
  expect(heardInTime(talk, [absent])).toEqual(talk);
});
