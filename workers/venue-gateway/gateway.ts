import type { Logger } from 'pino';
import type { Bus } from '../../adapters/bus/connect.ts';
import type { Reader } from '../../adapters/store/store.ts';
import type { Wire } from '../../proto/subjects.ts';
import { Clients, type ClientsOptions } from './clients.ts';
import { startVenueService } from './endpoints.ts';
import { Executions } from './executions.ts';
import { venueVerbs } from './verbs.ts';
import { Watcher } from './watcher.ts';

export interface GatewayOptions extends ClientsOptions {
  readonly bus: Bus;
  readonly wire: Wire;
  /** Where leases are. */
  readonly db: Reader;
  readonly log: Logger;
}

export interface Gateway {
  facts(): Record<string, unknown>;
  close(): Promise<void>;
}

/** The one process that reaches a venue: it serves the verbs, holds the keys and keeps the budget.
 */
export function startVenueGateway(options: GatewayOptions): Gateway {
  const { bus, wire, db, log, venue } = options;
  const clients = new Clients(options);
  const watcher = new Watcher(bus, wire, log);
  const executions = new Executions(clients, { bus, wire, venue }, log);
  const verbs = venueVerbs({ clients, db, watcher, executions });
  const service = startVenueService(bus, wire, { venue, verbs, log });
  return {
    facts: () => ({
      venue,
      ...service.facts(),
      ...clients.paperBudget.facts(),
      watched: watcher.size,
      userStreams: executions.size,
    }),
    close: async () => {
      service.stop();
      watcher.close();
      executions.close();
      await clients.close();
    },
  };
}
