import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Mail } from '../core/assistants/mail.ts';
import { snapshotOf } from '../core/assistants/snapshot.fixture.ts';
import type { Opinion, Utterance } from '../core/assistants/speech.ts';
import { hashOf } from '../core/hash.ts';
import type { Forecast } from '../core/models/forecast.ts';
import { forecast, mail, marketEvent, utterance } from '../tests/support/wire-arbitraries.ts';
import {
  decodeDeadLetter,
  decodeMail,
  decodeMarketEvent,
  decodeUtterance,
  encodeDeadLetter,
  encodeMail,
  encodeMarketEvent,
  encodeUtterance,
  MAX_MESSAGE_BYTES,
} from './codec.ts';
import { WireError, type WireErrorCode } from './errors.ts';
import type { DeadLetter, MarketEvent } from './messages.ts';

// Failure here looks like: a snapshot whose hash changes on the way, so a decision that cannot be
// verified; or a message from outside that ends a process.

const RUNS = { numRuns: 300 };
const ID = 'a'.repeat(64);

const OPINION: Opinion = {
  stance: { buyBp: 6_000, sellBp: 1_000, holdBp: 3_000 },
  confidenceBp: 7_000,
  reasons: [{ text: 'RSI is low', evidence: [{ fact: 'reading.indicators.rsi14', value: 21.5 }] }],
};

function said(content: Opinion | null = OPINION): Utterance & { readonly kind: 'opinion' } {
  return {
    debateId: '5m-1722816299999',
    eventId: ID,
    symbol: 'BTC/USDT',
    round: 1,
    kind: 'opinion',
    role: 'technical_analyst',
    messageId: ID,
    content,
  };
}

function faultOf(act: () => unknown): WireError {
  try {
    act();
  } catch (error) {
    if (error instanceof WireError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

function expectFault(act: () => unknown, code: WireErrorCode, field: string): void {
  const fault = faultOf(act);
  expect({ code: fault.code, field: fault.field }).toEqual({ code, field });
}

function motionOf({ debateId, eventId, symbol }: Mail) {
  return { debateId, eventId, symbol };
}

describe('codec - round trip', () => {
  test('a mail comes back equal, to the sign of zero', () => {
    fc.assert(
      fc.property(mail, (sent) => {
        expect(decodeMail(encodeMail(sent))).toStrictEqual(sent);
      }),
      RUNS,
    );
  });

  test('a mail has the same bytes whether or not another about the same went before it', () => {
    fc.assert(
      fc.property(mail, mail, (first, { messageId, to, kind, heard }) => {
        encodeMail(first);
        const same = { ...first, messageId, to, kind };
        expect(encodeMail(same)).toStrictEqual(encodeMail(structuredClone(same)));
        const about = heard.map((said) => ({ ...said, ...motionOf(first) }));
        const later = { ...same, heard: about };
        expect(encodeMail(later)).toStrictEqual(encodeMail(structuredClone(later)));
      }),
      RUNS,
    );
  });

  test('a snapshot keeps its hash', () => {
    fc.assert(
      fc.property(mail, (sent) => {
        expect(hashOf(decodeMail(encodeMail(sent)).snapshot)).toBe(hashOf(sent.snapshot));
      }),
      RUNS,
    );
  });

  test('a mail without a forecast has the bytes it had before there were forecasts', () => {
    const snapshot = snapshotOf();
    const { eventId, symbol } = snapshot;
    const about = { debateId: 'd', eventId, symbol, snapshot, heard: [] };
    const sent: Mail = { messageId: ID, ...about, round: 1, kind: 'opinion', to: 'auditor' };
    expect(createHash('sha256').update(encodeMail(sent)).digest('hex')).toBe(
      '5ff45115586d577eedb897e89234c2128319c133c09ee92116e8a1f7660d4dcd',
    );
    expect(decodeMail(encodeMail(sent)).snapshot).not.toHaveProperty('forecast');
  });

  test('an utterance of every kind comes back equal', () => {
    fc.assert(
      fc.property(utterance, (sent) => {
        expect(decodeUtterance(encodeUtterance(sent))).toStrictEqual(sent);
      }),
      RUNS,
    );
  });

  test('a market event comes back equal', () => {
    fc.assert(
      fc.property(marketEvent, (sent) => {
        expect(decodeMarketEvent(encodeMarketEvent(sent))).toStrictEqual(sent);
      }),
      RUNS,
    );
  });

  test('equal messages are equal bytes', () => {
    fc.assert(
      fc.property(utterance, (sent) => {
        const again = decodeUtterance(encodeUtterance(sent));
        expect(encodeUtterance(again)).toStrictEqual(encodeUtterance(sent));
      }),
      RUNS,
    );
  });

  test('nothing to say is not the same as saying nothing in particular', () => {
    expect(decodeUtterance(encodeUtterance(said(null))).content).toBeNull();
    const silent = { ...said(), kind: 'rebuttal', content: [] } as Utterance;
    expect(decodeUtterance(encodeUtterance(silent)).content).toEqual([]);
  });
});

describe('codec - hostile bytes', () => {
  const decoders = { decodeMail, decodeUtterance, decodeMarketEvent, decodeDeadLetter };

  test.each(Object.entries(decoders))('%s - random bytes are a WireError', (_, decode) => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 400 }), (bytes) => {
        expect(faultOf(() => decode(bytes))).toBeInstanceOf(WireError);
      }),
      { numRuns: 2_000 },
    );
  });

  test('a mail or utterance cut anywhere is a WireError', () => {
    const letter = { ...(fc.sample(mail, { numRuns: 1, seed: 7 })[0] as Mail), heard: [] };
    const whole = [encodeMail(letter), encodeUtterance(said())] as const;
    for (let length = 0; length < whole[0].length; length += 1) {
      expect(faultOf(() => decodeMail(whole[0].subarray(0, length)))).toBeInstanceOf(WireError);
    }
    for (let length = 0; length < whole[1].length; length += 1) {
      expect(faultOf(() => decodeUtterance(whole[1].subarray(0, length)))).toBeInstanceOf(
        WireError,
      );
    }
  });

  test('one changed byte is a WireError or another valid mail in canonical form', () => {
    const bytes = encodeMail(fc.sample(mail, { numRuns: 1, seed: 11 })[0] as Mail);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const changed = Uint8Array.from(bytes);
        changed[at] = (changed[at] as number) ^ change;
        try {
          expect(encodeMail(decodeMail(changed))).toStrictEqual(changed);
        } catch (error) {
          if (!(error instanceof WireError)) throw error;
        }
      }),
      { numRuns: 3_000 },
    );
  });

  test('bytes over the cap are refused before they are read', () => {
    const bytes = new Uint8Array(MAX_MESSAGE_BYTES + 1);
    expectFault(() => decodeUtterance(bytes), 'wire_too_large', 'Utterance');
  });

  test('nesting without end is refused', () => {
    // Field 99, wire type 3: a group in a group in a group.
    const bytes = new Uint8Array(200_000);
    for (let at = 0; at < bytes.length; at += 2) bytes.set([0x9b, 0x06], at);
    expectFault(() => decodeMail(bytes), 'wire_malformed', 'Mail');
  });

  test('an unknown field is refused and its place is named', () => {
    const bytes = Buffer.concat([encodeUtterance(said()), Buffer.from([0x98, 0x06, 0x01])]);
    expectFault(() => decodeUtterance(bytes), 'wire_unknown_field', 'Utterance');
  });

  test('a repeated field is refused', () => {
    const round = Buffer.from([0x20, 0x02]);
    const bytes = Buffer.concat([encodeUtterance(said()), round]);
    expectFault(() => decodeUtterance(bytes), 'wire_not_canonical', 'Utterance');
  });

  test('text that is not UTF-8 is refused', () => {
    const bytes = Buffer.from([0x0a, 0x02, 0xc3, 0x28]);
    expectFault(() => decodeUtterance(bytes), 'wire_malformed', 'Utterance');
  });
});

describe('codec - values', () => {
  const refused = (change: object, field: string, code: WireErrorCode = 'wire_value'): void =>
    expectFault(() => encodeUtterance({ ...said(), ...change }), code, field);
  const refusedOpinion = (change: object, field: string): void =>
    refused({ content: { ...OPINION, ...change } }, field);

  test('a stance that does not sum to 10,000 is refused', () => {
    refusedOpinion({ stance: { buyBp: 5_000, sellBp: 4_000, holdBp: 999 } }, 'content.stance');
    const minus = { buyBp: -1, sellBp: 5_001, holdBp: 5_000 };
    refusedOpinion({ stance: minus }, 'content.stance.buyBp');
  });

  test('confidence outside 0 to 10,000, or not whole, is refused', () => {
    for (const confidenceBp of [-1, 10_001, 0.5, Number.NaN]) {
      refusedOpinion({ confidenceBp }, 'content.confidenceBp');
    }
  });

  test('evidence that is not a number is refused', () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const reasons = [{ text: '', evidence: [{ fact: 'a', value }] }];
      refusedOpinion({ reasons }, 'content.reasons[0].evidence[0].value');
    }
  });

  test('too much evidence, text too long, control characters are refused', () => {
    const evidence = Array.from({ length: 17 }, () => ({ fact: 'a', value: 1 }));
    refusedOpinion({ reasons: [{ text: '', evidence }] }, 'content.reasons[0].evidence');
    for (const text of ['x'.repeat(1_001), '\u001b[2J', '\ud800']) {
      refusedOpinion({ reasons: [{ text, evidence: [] }] }, 'content.reasons[0].text');
    }
  });

  test('unknown roles, kinds and symbols are refused', () => {
    refused({ role: 'oracle' }, 'role');
    refused({ kind: 'sermon' }, 'kind');
    refused({ symbol: 'btc-usdt' }, 'symbol');
    refused({ debateId: 'a.b' }, 'debateId');
    refused({ round: 0 }, 'round');
  });

  test('a forecast whose shares do not sum to 10,000, or are no shares, is refused', () => {
    const [sent] = fc.sample(mail, { numRuns: 1, seed: 3 }) as [Mail];
    const [good] = fc.sample(forecast, { numRuns: 1, seed: 3 }) as [Forecast];
    const refusedForecast = (change: object, field: string): void => {
      const snapshot = { ...sent.snapshot, forecast: { ...good, ...change } };
      expectFault(() => encodeMail({ ...sent, snapshot }), 'wire_value', `snapshot.${field}`);
    };
    refusedForecast({ buyBp: 5_000, sellBp: 4_000, holdBp: 999 }, 'forecast');
    refusedForecast({ buyBp: -1, sellBp: 5_001, holdBp: 5_000 }, 'forecast.buyBp');
    refusedForecast({ model: 'c'.repeat(63) }, 'forecast.model');
    for (const field of ['confidenceBp', 'magnitudeBps', 'riskBps', 'worthBp']) {
      for (const value of [-1, 1_000_001, 0.5, Number.NaN]) {
        refusedForecast({ [field]: value }, `forecast.${field}`);
      }
    }
    const cut = { ...sent.snapshot, forecast: { ...good, model: undefined } };
    const unnamed = { ...sent, snapshot: cut } as unknown as Mail;
    expectFault(() => encodeMail(unnamed), 'wire_missing', 'snapshot.forecast.model');
  });

  test('a message about two motions is refused', () => {
    const sent = fc.sample(mail, { numRuns: 1, seed: 3 })[0] as Mail;
    const other = { ...sent, eventId: sent.eventId === ID ? 'b'.repeat(64) : ID };
    expectFault(() => encodeMail(other), 'wire_mismatch', 'snapshot.eventId');
  });

  test('a candle that cannot have happened is refused', () => {
    const event = fc.sample(marketEvent, { numRuns: 1, seed: 5 })[0] as MarketEvent;
    const change = (fields: object, field: string): void => {
      const candle = { ...event.candle, ...fields };
      expectFault(() => encodeMarketEvent({ ...event, candle }), 'wire_value', field);
    };
    change({ volume: -1 }, 'candle.volume');
    change({ close: 0 }, 'candle.close');
    change({ high: event.candle.low / 2 }, 'candle.high');
    change({ low: event.candle.high * 2 }, 'candle.high');
    change({ closeTimeMs: event.candle.closeTimeMs + 1 }, 'candle.closeTimeMs');
  });

  test('no refusal repeats what the message said', () => {
    const secret = 'CANARY';
    const hostile = [
      () => encodeUtterance({ ...said(), symbol: secret }),
      () => encodeUtterance({ ...said(), role: secret } as unknown as Utterance),
      () => decodeUtterance(Buffer.from(`\n\u0006${secret}`)),
      () => decodeMail(Buffer.from(secret.repeat(9))),
    ];
    for (const act of hostile) expect(faultOf(act).message).not.toContain(secret);
  });
});

describe('codec - dead letters', () => {
  const LETTER: DeadLetter = {
    subject: 'corro.mail.auditor.1.BTC-USDT',
    code: 'wire_malformed',
    field: 'Mail',
    deliveries: 5,
    sizeBytes: 3,
    recordedAtMs: 1_722_816_300_000,
    payload: Uint8Array.of(1, 2, 3),
  };

  test('a dead letter keeps the bytes as they came', () => {
    expect(decodeDeadLetter(encodeDeadLetter(LETTER))).toStrictEqual(LETTER);
  });

  test('an oversized message is kept up to the cap with its true size', () => {
    const payload = new Uint8Array(MAX_MESSAGE_BYTES * 2).fill(7);
    const sent = { ...LETTER, payload, sizeBytes: payload.length };
    const kept = decodeDeadLetter(encodeDeadLetter(sent));
    expect(kept.payload.length).toBe(MAX_MESSAGE_BYTES);
    expect(kept.sizeBytes).toBe(payload.length);
  });

  test('a code outside the catalogue is refused', () => {
    const code = 'wire_gremlins' as DeadLetter['code'];
    expectFault(() => encodeDeadLetter({ ...LETTER, code }), 'wire_value', 'code');
  });
});
