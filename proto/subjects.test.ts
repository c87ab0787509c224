import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ROLES } from '../core/assistants/role.ts';
import { KINDS } from '../core/assistants/speech.ts';
import { PARTITIONS, partitionOf, SubjectError, wire } from './subjects.ts';

// Failure here looks like: two assistants under one subject, or a symbol that changes its mailbox.

const WIRE = wire();
const part = fc.stringMatching(/^[A-Z0-9]{1,20}$/);
const symbol = fc.tuple(part, part).map((both) => both.join('/'));

describe('subjects - form', () => {
  test('a mailbox is a role, a partition and a symbol', () => {
    expect(WIRE.mail('auditor', 'BTC/USDT')).toBe('corro.mail.auditor.1.BTC-USDT');
    expect(WIRE.mailFilter('auditor', 1)).toBe('corro.mail.auditor.1.*');
    expect(WIRE.mailConsumer('risk_manager', 7)).toBe('risk_manager-7');
  });

  test('every name begins with the namespace', () => {
    const other = wire('ring2');
    const address = {
      debateId: 'd',
      symbol: 'A/B',
      round: 1,
      kind: 'ballot',
      role: 'auditor',
    } as const;
    expect(other.debate(address)).toBe('ring2.debate.d.A-B.1.ballot.auditor');
    expect(other.market('paper', 'A/B', '5m')).toBe('ring2.market.paper.A-B.5m');
    expect(other.feed('fill', 'A/B')).toBe('ring2.feed.fill.A-B');
    expect(other.venue('paper', 'order-new')).toBe('ring2.venue.paper.order-new');
    expect(other.deadLetter('auditor')).toBe('ring2.dead.auditor');
    expect(other.streams.MAIL).toBe('RING2_MAIL');
    expect(other.queues).toEqual({
      ...{ decision: 'ring2-decision', order: 'ring2-order' },
      ...{ learning: 'ring2-learning', training: 'ring2-training' },
    });
    const market = { venue: 'paper', symbol: 'BTC/USDT', timeframe: '5m' } as const;
    const scheduleId = other.learningScheduleId(market, 'daily');
    expect(scheduleId).toBe('ring2:training:paper:BTC-USDT:5m:daily');
    expect(scheduleId.startsWith(other.learningSchedulePrefix)).toBe(true);
    expect(other.learningWorkflowId(market, 'daily')).toBe(
      'ring2:learning:paper:BTC-USDT:5m:daily',
    );
    expect(other.debateWorkflowId('d')).toBe('ring2:debate:d');
    expect(other.orderWorkflowId('l')).toBe('ring2:order:l');
    expect(other.escalationWorkflowId('e')).toBe('ring2:escalation:e');
  });

  test('what is left out of a filter is a star', () => {
    expect(WIRE.debateFilter({ debateId: 'd', round: 2 })).toBe('corro.debate.d.*.2.*.*');
    expect(WIRE.marketFilter({})).toBe('corro.market.*.*.*');
    expect(WIRE.feedFilter(undefined, 'BTC/USDT')).toBe('corro.feed.*.BTC-USDT');
  });

  test('addresses read back as they were built', () => {
    const address = fc.record({
      debateId: fc.stringMatching(/^[A-Za-z0-9_-]{1,100}$/),
      symbol,
      round: fc.integer({ min: 1, max: 99 }),
      kind: fc.constantFrom(...KINDS),
      role: fc.constantFrom(...ROLES),
    });
    fc.assert(
      fc.property(address, (one) => {
        expect(WIRE.parseDebate(WIRE.debate(one))).toEqual(one);
        expect(WIRE.parseMail(WIRE.mail(one.role, one.symbol))).toEqual({
          role: one.role,
          symbol: one.symbol,
          partition: partitionOf(one.symbol),
        });
        const market = { venue: 'paper', symbol: one.symbol, timeframe: '1h' } as const;
        const subject = WIRE.market(market.venue, market.symbol, market.timeframe);
        expect(WIRE.parseMarket(subject)).toEqual(market);
      }),
    );
  });
});

describe('subjects - refusals', () => {
  test('the error names the token, what was expected and what was found', () => {
    const act = (): string => WIRE.mail('oracle' as 'auditor', 'BTC/USDT');
    expect(act).toThrow(SubjectError);
    expect(act).toThrow(/^role must be one of market_monitor, .*, was "oracle"$/);
  });

  test.each(['', '>', '*', 'a.b', 'A', '1a', 'x'.repeat(21)])('namespace %j is refused', (name) => {
    expect(() => wire(name)).toThrow(/^namespace must be/);
  });

  test('no token can smuggle a dot, a star or a space into a subject', () => {
    const bad = fc.string({ unit: fc.constantFrom('.', '*', '>', ' ', '\n', 'A', '/') });
    fc.assert(
      fc.property(bad, (text) => {
        fc.pre(!/^[A]{1,20}\/[A]{1,20}$/.test(text));
        expect(() => WIRE.mail('auditor', text)).toThrow(SubjectError);
        expect(() => WIRE.feed('fill', text)).toThrow(SubjectError);
        fc.pre(!/^A+$/.test(text));
        expect(() => WIRE.debateWorkflowId(text)).toThrow(SubjectError);
        expect(() => WIRE.orderWorkflowId(text)).toThrow(SubjectError);
        expect(() => WIRE.venueService(text)).toThrow(SubjectError);
      }),
    );
  });

  test('a long value is shortened in the message', () => {
    expect(() => WIRE.debateWorkflowId('*'.repeat(500))).toThrow(/was "\*{56}\.\.\.$/);
  });

  test.each([
    'corro.debate.d.BTC-USDT.0.ballot.auditor',
    'corro.debate.d.BTC-USDT.01.ballot.auditor',
    'corro.debate.d.BTC-USDT.1.ballot.oracle',
    'corro.debate.d.BTC-USDT.1.ballot.auditor.more',
    'other.debate.d.BTC-USDT.1.ballot.auditor',
  ])('%s is no debate address', (subject) => {
    expect(() => WIRE.parseDebate(subject)).toThrow(SubjectError);
  });

  test('mail in a partition that is not its symbol’s is refused', () => {
    expect(() => WIRE.parseMail('corro.mail.auditor.2.BTC-USDT')).toThrow(/^partition must be 1/);
  });
});

describe('partitions', () => {
  test('a symbol stays in its partition for ever', () => {
    const symbols = ['BTC/USDT', 'ETH/USDT', 'SOL/USDT', 'XRP/USDT', 'AAPL/USD', '1INCH/BTC'];
    expect(symbols.map(partitionOf)).toMatchInlineSnapshot(`
      [
        1,
        5,
        2,
        6,
        4,
        0,
      ]
    `);
  });

  test('symbols spread over all partitions', () => {
    const counts = Array.from({ length: PARTITIONS }, () => 0);
    for (let index = 0; index < 800; index += 1) {
      const at = partitionOf(`COIN${index}/USDT`);
      counts[at] = (counts[at] as number) + 1;
    }
    expect(Math.min(...counts)).toBeGreaterThan(60);
    expect(Math.max(...counts)).toBeLessThan(140);
  });
});
