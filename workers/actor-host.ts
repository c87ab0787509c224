import { startHost } from '../actors/host.ts';
import { connectBus } from '../adapters/bus/connect.ts';
import { ensureStreams } from '../adapters/bus/streams.ts';
import { openStore } from '../adapters/store/store.ts';
import { isRole, ROLES, type Role } from '../core/assistants/role.ts';
import { wire as wireOf } from '../proto/subjects.ts';
import { runProcess } from './process.ts';

/** Hosts the assistants: all seven, or those that `--roles` or CORRO_ROLES names (the flag
 * wins). */
await runProcess('actor-host', async ({ settings, log, fail }) => {
  const roles = chosenRoles(rolesFlag(process.argv.slice(2)) ?? settings.CORRO_ROLES);
  const wire = wireOf(settings.CORRO_NAMESPACE);
  const store = openStore({
    url: settings.CORRO_POSTGRES_URL,
    applicationName: 'corro-actor-host',
    poolSize: 6,
    onConnectionLost: (error) => log.warn({ err: error }, 'postgres connection lost'),
  });
  const bus = await connectBus({ url: settings.CORRO_NATS_URL, name: 'corro-actor-host' });
  let closing = false;
  bus.events.on((event) => {
    if (event.type === 'closed' && !closing)
      fail(new Error(`NATS connection closed: ${event.reason}`));
    else log.info(event, 'bus');
  });
  await ensureStreams(bus, wire);
  const host = await startHost({ bus, wire, db: store.db, roles });
  host.events.on((event) => {
    const trouble = ['restarted', 'dead_letter', 'equivocation', 'feed_fault', 'store_unavailable'];
    if (trouble.includes(event.type)) log.warn(event, 'actors');
    else log.debug(event, 'actors');
  });
  return {
    health: () => Promise.resolve({ ...host.facts(), natsUp: bus.link.up }),
    close: async () => {
      closing = true;
      await host.stop();
      await Promise.all([bus.close(), store.close()]);
    },
  };
});

function rolesFlag(args: readonly string[]): string | undefined {
  const at = args.indexOf('--roles');
  if (at >= 0) return args[at + 1] ?? '';
  return args.find((arg) => arg.startsWith('--roles='))?.slice('--roles='.length);
}

function chosenRoles(text: string): readonly Role[] {
  const names = text.split(',').map((name) => name.trim());
  const given = names.filter((name) => name !== '');
  const unknown = given.filter((name) => !isRole(name));
  if (unknown.length > 0) {
    throw new Error(`roles must be of ${ROLES.join(', ')}, was ${unknown.join(', ')}`);
  }
  return given.length === 0 ? ROLES : given.filter(isRole);
}
