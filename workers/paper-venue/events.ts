import type { MarketEvent } from '../../core/venue/events.ts';
import type { FaultName, FaultScript, Occasion } from './fault-script.ts';

/** One line of the venue's log: what happened to the market, or a lie about it. */
export type VenueEvent =
  | MarketEvent
  /** From here on the venue lies by this script. */
  | { readonly type: 'faults'; readonly script: FaultScript }
  | FaultEvent;

/** One lie, and what was really done. It changes nothing but itself. */
export interface FaultEvent {
  readonly type: 'fault';
  readonly fault: FaultName | 'stop-ignored';
  /** Index of its rule, and which occasion of that rule it was (0: none of its own). */
  readonly rule: number;
  readonly nth: number;
  readonly on: Occasion;
  readonly account: string | null;
  readonly did: string;
  /** Of the order it was about, where there is one. */
  readonly orderId?: number;
}

/** Whether an act changed the market's state, which is all but the lies. */
export function isMarketEvent(event: VenueEvent): event is MarketEvent {
  return event.type !== 'fault' && event.type !== 'faults';
}
