import type { Logger } from 'pino';
import type { Bus } from '../../adapters/bus/connect.ts';
import type { Reader } from '../../adapters/store/store.ts';
import type { Wire } from '../../proto/subjects.ts';
import { Alarm } from './alarm.ts';
import { Clients, type ClientsOptions } from './clients.ts';
import { Clock } from './clock.ts';
import { Disk } from './disk.ts';
import { startVenueService } from './endpoints.ts';
import { Executions, recentAccounts } from './executions.ts';
import { OrderFuse } from './fuse.ts';
import { venueVerbs } from './verbs.ts';
import { Watcher } from './watcher.ts';

export interface GatewayOptions extends ClientsOptions {
  readonly bus: Bus;
  readonly wire: Wire;
  /** Where leases and halts are. */
  readonly db: Reader;
  /** Of all accounts together, by the wall clock. Default 3,000. */
  readonly ordersPerMinute?: number;
  /** Where the records are kept (default: the working folder), and how much room there must be
   * (default 200). */
  readonly disk?: { readonly path: string; readonly leastMb: number };
  readonly log: Logger;
}

export interface Gateway {
  /** Resolves once an order would not have to wait for anything to be loaded. */
  ready(): Promise<void>;
  facts(): Record<string, unknown>;
  close(): Promise<void>;
}

const ORDERS_PER_MINUTE = 3_000;
const DISK = { path: '.', leastMb: 200 };

/** The one process that reaches a venue: it serves the verbs, holds the keys and keeps the budget.
 */
export function startVenueGateway(options: GatewayOptions): Gateway {
  const { bus, wire, db, log, venue } = options;
  const clients = new Clients(options);
  const watcher = new Watcher(bus, wire, log);
  const executions = new Executions(clients, { bus, wire, venue }, log);
  const alarm = new Alarm({ bus, wire }, log);
  const clock = new Clock({ venue: () => clients.venueTimeMs() }, log);
  const disk = new Disk(options.disk ?? DISK, log);
  const fuse = new OrderFuse(options.ordersPerMinute ?? ORDERS_PER_MINUTE);
  const gate = { db, clock, disk, fuse, alarm };
  const verbs = venueVerbs({ clients, gate, watcher, executions });
  recentAccounts(db).then(
    (accounts) => accounts.forEach((account) => executions.follow(account)),
    (err: unknown) => log.warn({ err }, 'whose orders to listen for could not be read'),
  );
  const service = startVenueService(bus, wire, { venue, verbs, log });
  return {
    ready: () => clients.load(),
    facts: () => ({
      venue,
      ...service.facts(),
      ...clients.paperBudget.facts(),
      ...clock.facts(),
      ...disk.facts(),
      ...fuse.facts(),
      haltsAskedFor: alarm.ringing,
      watched: watcher.size,
      userStreams: executions.size,
    }),
    close: async () => {
      service.stop();
      watcher.close();
      executions.close();
      alarm.close();
      clock.close();
      disk.close();
      await clients.close();
    },
  };
}
