import type { Reader } from '../../adapters/store/store.ts';
import type { NewOrderRequest, SendOutcome } from '../../proto/venue-messages.ts';
import type { Alarm } from './alarm.ts';
import type { Client } from './clients.ts';
import type { Clock } from './clock.ts';
import type { Disk } from './disk.ts';
import { fence } from './fence.ts';
import type { OrderFuse } from './fuse.ts';

/** What may stop a new order in this process. */
export interface Gate {
  /** Where leases and halts are. */
  readonly db: Reader;
  readonly clock: Clock;
  readonly disk: Disk;
  readonly fuse: OrderFuse;
  readonly alarm: Alarm;
}

export const FUSE_HALT = 'fuse-gateway-orders';

/** Longer than a fence check may take; a process this slow was paused. */
const SLOWEST_MS = 4_000;

/** Signs, asks the fence, sends once. An order whose sender has stopped waiting is not sent: this
 * process may have been paused for minutes between two lines. */
export async function sendOrder(
  order: NewOrderRequest,
  { venue }: Client,
  gate: Gate,
): Promise<SendOutcome> {
  const why = (await gate.clock.forbids()) ?? gate.disk.forbids();
  if (why !== null) return { state: 'refused', why };
  return venue.newOrder(order, async (signedAtMs) => {
    const now = await fence(gate.db, order).then((found) => found ?? overtaken(order, signedAtMs));
    return now ?? (await gate.clock.forbids()) ?? fused(gate, order);
  });
}

function overtaken({ deadlineMs }: NewOrderRequest, signedAtMs: number): string | null {
  const now = Date.now();
  if (now > deadlineMs) return `the deadline passed ${now - deadlineMs} ms ago`;
  const pausedMs = now - signedAtMs;
  return pausedMs > SLOWEST_MS ? `${pausedMs} ms passed since the signature` : null;
}

/** The last question: what it lets through is counted as sent. A sale is counted and never kept
 * back, and the halt that is asked for leaves sales alone: a position must not lose its stop. */
function fused({ fuse, alarm }: Gate, { side }: NewOrderRequest): string | null {
  if (side === 'SELL') fuse.count();
  else if (!fuse.take()) return blown({ fuse, alarm });
  return null;
}

function blown({ fuse, alarm }: Pick<Gate, 'fuse' | 'alarm'>): string {
  const { ordersLastMinute: orders } = fuse.facts();
  const reason = `the gateway was asked for more than ${orders} orders within a minute`;
  alarm.ring({
    name: FUSE_HALT,
    level: 'close-only',
    reason,
    liftsWhen: 'somebody knows what asked for so many orders, and it has stopped',
    placedBy: 'venue-gateway',
  });
  return reason;
}
