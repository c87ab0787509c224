import { headers } from '@nats-io/transport-node';
import { encodeMarketEvent } from '../../proto/codec.ts';
import { HEADERS, MESSAGE_TYPES } from '../../proto/headers.ts';
import type { MarketEvent } from '../../proto/messages.ts';
import type { Wire } from '../../proto/subjects.ts';
import type { Bus } from './connect.ts';
import { type Patience, publishUntilStored } from './publish.ts';

/** Tells whoever listens that a candle closed, without waiting: for a tape, whose driver stores
 * every candle itself. While the server is away nothing is kept back for it. */
export function tellCandle(bus: Bus, wire: Wire, event: MarketEvent): void {
  if (!bus.link.up || bus.connection.isClosed()) return;
  bus.connection.publish(subjectOf(wire, event), encodeMarketEvent(event));
}

/** The same until the `MARKET` stream has it: for a live market, where nobody else has it yet. */
export async function publishMarket(
  bus: Bus,
  wire: Wire,
  { event, ...patience }: Patience & { readonly event: MarketEvent },
): Promise<void> {
  const subject = subjectOf(wire, event);
  const marks = headers();
  marks.set(HEADERS.messageType, MESSAGE_TYPES.marketEvent);
  const options = { msgID: `${subject}.${event.candle.openTimeMs}`, headers: marks };
  await publishUntilStored(bus, { subject, payload: encodeMarketEvent(event), options }, patience);
}

function subjectOf(wire: Wire, { venue, symbol, timeframe }: MarketEvent): string {
  return wire.market(venue, symbol, timeframe);
}
