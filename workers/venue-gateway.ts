import { connectBus } from '../adapters/bus/connect.ts';
import { openStore } from '../adapters/store/store.ts';
import { wire } from '../proto/subjects.ts';
import { runProcess } from './process.ts';
import { startVenueGateway } from './venue-gateway/gateway.ts';

/** The venue gateway as a process of its own. Orders go to the paper venue, whatever exchange the
 * prices come from. */
await runProcess('venue-gateway', async ({ settings, log }) => {
  const { CORRO_PAPER_URL: paperUrl, CORRO_PAPER_SECRET: paperSecret } = settings;
  if (!paperUrl) throw new Error('CORRO_PAPER_URL must name the paper venue');
  if (!paperSecret) throw new Error('CORRO_PAPER_SECRET must be set');
  const store = openStore({
    url: settings.CORRO_POSTGRES_URL,
    poolSize: 4,
    applicationName: 'corro venue-gateway',
    // The fence is asked between signature and send: it must not outlast the signature.
    statementTimeoutMs: 2_000,
    connectTimeoutMs: 2_000,
    onConnectionLost: (err) => log.warn({ err }, 'a database connection was lost'),
  });
  const bus = await connectBus({ url: settings.CORRO_NATS_URL, name: 'corro venue-gateway' });
  const gateway = startVenueGateway({
    venue: settings.CORRO_VENUE,
    wire: wire(settings.CORRO_NAMESPACE),
    db: store.db,
    bus,
    log,
    paperUrl,
    paperSecret,
    exchangeUrls: settings.CORRO_EXCHANGE_URLS,
    ordersPerMinute: settings.CORRO_ORDERS_PER_MINUTE,
    disk: { path: settings.CORRO_DISK_PATH, leastMb: settings.CORRO_MIN_FREE_MB },
  });
  await gateway.ready();
  return {
    health: async () => ({ natsUp: bus.link.up, ...gateway.facts() }),
    close: async () => {
      await gateway.close();
      await bus.close();
      await store.close();
    },
  };
});
