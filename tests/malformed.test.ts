/** Failure here means: a message that is none was taken for one, or a process died of it, or keeps
 * something of each. The long run is `node tests/malformed.ts --messages 1000000`. */
import { expect, test } from 'vitest';
import { sendMalformed } from './malformed.ts';

const MESSAGES = Number(process.env['CORRO_MALFORMED_MESSAGES'] ?? 21_000);
/** Garbage collectors breathe, and a young process grows into its work. What a message leaves
 * behind for good shows in the long run. */
const BREATH_MB = 192;

test('malformed - none is accepted at any door, nobody dies, memory stays flat', async () => {
  const figures = await sendMalformed({ messages: MESSAGES, seed: 7 });
  const doors = Object.entries(figures.doors);
  expect(doors.map(([name]) => name)).toEqual([
    ...['mail', 'debate', 'market', 'predict', 'venue', 'executions', 'safety', 'feed'],
  ]);
  for (const [name, door] of doors) {
    expect({ name, ...door }).toEqual({ name, sent: door.sent, refused: door.sent, accepted: 0 });
    expect(door.sent).toBeGreaterThanOrEqual(MESSAGES / doors.length);
  }
  expect(figures).toMatchObject({ crashes: 0, rowsWritten: 0 });
  for (const [name, { fromMb, toMb }] of Object.entries(figures.memory)) {
    expect({ name, grewMb: Math.max(0, toMb - fromMb - BREATH_MB) }).toEqual({ name, grewMb: 0 });
  }
}, 600_000);
