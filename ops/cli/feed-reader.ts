import type { Bus } from '../../adapters/bus/connect.ts';
import { isSentByServer } from '../../adapters/bus/origin.ts';
import { WireError } from '../../proto/errors.ts';
import { readFeed } from '../../proto/feed.ts';
import type { Feed } from '../../proto/feed-schemas.ts';
import { FEED_KINDS, type Wire } from '../../proto/subjects.ts';

/** Hears the ring's feeds in the order they arrive. What is no feed message is passed over: feeds
 * are told for people, and one bad line must not end the picture. Returns how to stop. */
export function readFeeds(bus: Bus, wire: Wire, show: (message: Feed) => void): () => void {
  const subscription = bus.connection.subscribe(wire.feedFilter(), {
    callback: (error, message) => {
      if (error || isSentByServer(message)) return;
      const kind = FEED_KINDS.find((one) => message.subject.split('.')[2] === one);
      if (kind === undefined) return;
      try {
        show(readFeed(kind, message.data));
      } catch (fault) {
        if (!(fault instanceof WireError)) throw fault;
      }
    },
  });
  return () => subscription.unsubscribe();
}
