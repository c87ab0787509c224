import { type LearningInput, TRAINER_SETTINGS } from '../../proto/learning.ts';
import { keepLearning } from '../learning/schedule.ts';
import { readStack } from '../stack/control.ts';
import type { Connections } from './connections.ts';
import { type Market, PAPER_VENUE } from './market.ts';

/** Makes sure that the market of a live session is learned from each day, also after the session;
 * what somebody asked for before is left alone. Resolves to one line that says so. */
export async function learnDaily(connections: Connections, { source }: Market): Promise<string> {
  const { wire, state } = connections;
  const { timeframe, instruments } = source;
  const client = await connections.temporal();
  for (const { symbol } of instruments) {
    const input: LearningInput = {
      ...{ venue: PAPER_VENUE, symbol, timeframe, namespace: wire.namespace, cadence: 'daily' },
      ...{ from: null, to: null, candles: null, settings: TRAINER_SETTINGS },
    };
    await keepLearning(client, input);
  }
  const names = instruments.map(({ symbol }) => symbol).join(', ');
  const services = readStack(state.home)?.services ?? [];
  const trains = services.some(({ service }) => service === 'trainer');
  const how = trains ? '' : '; without a trainer (./corro up --trainer) only outcomes and weights';
  return `learns each day after 00:20 UTC of ${names} ${timeframe}, also when this ends${how}`;
}
