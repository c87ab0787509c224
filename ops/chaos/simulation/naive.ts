import type { Program } from './clock.ts';
import type { World } from './world.ts';

/** How orders are sent where nobody thought of a lost reply: what the fence is measured against. */

const MOST_TRIES = 6;
const PAUSE_MS = 200;

/** No answer: send it again, under the same id. */
export function blindRetry(world: World, quantity: number): Program<void> {
  return retrying(world, quantity, function* () {
    yield 0;
    return false;
  });
}

/** No answer: ask once, and send it again when the venue does not know it. */
export function queryOnce(world: World, quantity: number): Program<void> {
  return retrying(world, quantity, function* () {
    const report = yield* world.ask((nowMs) => world.venue.query(ID, nowMs));
    return report !== 'silence' && report !== null;
  });
}

const ID = 'c1-order';

function* retrying(world: World, quantity: number, isThere: () => Program<boolean>): Program<void> {
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    if (tries > 0) {
      if ((yield* world.step(isThere())) === true) break;
      yield PAUSE_MS;
    }
    const reply = yield* world.step(sendOnce(world, quantity));
    if (reply !== undefined && reply !== 'silence' && reply.kind === 'accepted') break;
    // "Duplicate order sent": it is there.
    if (reply !== undefined && reply !== 'silence' && reply.code === '-2010') break;
  }
  yield 60_000;
  world.book(world.venue.trades(world.clock.nowMs));
  world.ended = world.fills.size > 0 ? 'filled' : 'nothing';
}

function* sendOnce(world: World, quantity: number): ReturnType<World['send']> {
  yield world.random.whole(1, 5);
  return yield* world.send({ clientOrderId: ID, quantity, signedAtMs: world.senderMs });
}
