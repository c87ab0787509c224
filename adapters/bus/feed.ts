import { feedMessage } from '../../proto/feed.ts';
import type { Feed } from '../../proto/feed-schemas.ts';
import type { Wire } from '../../proto/subjects.ts';
import type { Bus } from './connect.ts';

/** Tells the outside world, in JSON, what has happened. */
export type FeedPublisher = (message: Feed) => void;

/** A publisher onto `corro.feed.>`. Feeds are told after the fact and may be lost: while the
 * server is away they are dropped rather than kept, and telling never throws for want of a
 * listener. */
export function feedPublisher(bus: Bus, wire: Wire): FeedPublisher {
  return (message) => {
    const { subject, payload } = feedMessage(wire, message);
    if (bus.link.up && !bus.connection.isClosed()) bus.connection.publish(subject, payload);
  };
}
