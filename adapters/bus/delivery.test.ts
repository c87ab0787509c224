import type { Msg } from '@nats-io/transport-node';
import { describe, expect, test } from 'vitest';
import { deliveryFrom } from './delivery.ts';

function message(reply: string): { message: Msg; sent: string[] } {
  const sent: string[] = [];
  const respond = (text: string): boolean => sent.push(text) > 0;
  const fields = {
    subject: 'corro.mail.auditor.3.BTC-USDT',
    data: new Uint8Array(),
    reply,
    respond,
  };
  return { message: fields as unknown as Msg, sent };
}

describe('delivery', () => {
  test.each([
    ['$JS.ACK.MAIL.auditor-3.2.17.9.1795255089906884546.4', { deliveries: 2, seq: 17 }],
    [
      '$JS.ACK._.hash.MAIL.auditor-3.5.18.9.1795255089906884546.4.token',
      { deliveries: 5, seq: 18 },
    ],
  ])('delivery - place in the stream is read from %s', (reply, place) => {
    expect(deliveryFrom(message(reply).message)).toMatchObject(place);
  });

  test.each(['', '_INBOX.x.1', '$JS.ACK', '$JS.ACK.MAIL.c.x.y.9.1.4'])(
    'delivery - %j is no mail',
    (reply) => {
      expect(deliveryFrom(message(reply).message)).toBeNull();
    },
  );

  test('delivery - settlements are what the server understands', () => {
    const { message: mail, sent } = message('$JS.ACK.MAIL.auditor-3.1.1.1.1.0');
    const delivery = deliveryFrom(mail);
    delivery?.ack();
    delivery?.nak(1_000);
    delivery?.term('failed');
    delivery?.working();
    expect(sent).toEqual(['+ACK', '-NAK {"delay":1000000000}', '+TERM failed', '+WPI']);
  });
});
