import { startHost } from '../actors/host.ts';
import type { HostEvent } from '../actors/runtime/events.ts';
import { type Bus, type BusOptions, connectBus } from '../adapters/bus/connect.ts';
import { openStore } from '../adapters/store/store.ts';
import { isRole, ROLES, type Role } from '../core/assistants/role.ts';
import { assistantUser } from '../proto/permissions.ts';
import { wire as wireOf } from '../proto/subjects.ts';
import { runProcess } from './process.ts';
import type { Settings } from './settings.ts';

const TROUBLE: readonly HostEvent['type'][] = [
  ...(['restarted', 'dead_letter', 'equivocation', 'feed_fault', 'store_unavailable'] as const),
  'model_refused',
];

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
  const buses = await connectRoles(roles, settings);
  const connections = [...new Set(buses.values())];
  let closing = false;
  for (const bus of connections) {
    bus.events.on((event) => {
      if (event.type === 'closed' && !closing)
        fail(new Error(`NATS connection closed: ${event.reason}`));
      else log.info(event, 'bus');
    });
  }
  const busOf = (role: Role): Bus => buses.get(role) as Bus;
  const host = await startHost({ busOf, wire, db: store.db, roles });
  host.events.on((event) => {
    if (TROUBLE.includes(event.type)) log.warn(event, 'actors');
    else if (event.type.startsWith('model_')) log.info(event, 'actors');
    else log.debug(event, 'actors');
  });
  return {
    health: () =>
      Promise.resolve({ ...host.facts(), natsUp: connections.every(({ link }) => link.up) }),
    close: async () => {
      closing = true;
      await host.stop();
      await Promise.all([...connections.map((bus) => bus.close()), store.close()]);
    },
  };
});

/** A connection for each assistant, as its own user; one for all of them where the server knows no
 * users. */
async function connectRoles(
  roles: readonly Role[],
  { CORRO_NATS_URL: url, CORRO_NATS_ROLES: passwords }: Settings,
): Promise<ReadonlyMap<Role, Bus>> {
  const connect = (options: Pick<BusOptions, 'user' | 'password'>, name: string): Promise<Bus> =>
    connectBus({ url, name: `corro-actor-host${name}`, ...options });
  if (Object.keys(passwords).length === 0) {
    const shared = await connect({}, '');
    return new Map(roles.map((role) => [role, shared]));
  }
  return new Map(
    await Promise.all(
      roles.map(async (role): Promise<[Role, Bus]> => {
        const user = assistantUser(role);
        const password = passwords[user];
        if (password === undefined) throw new Error(`CORRO_NATS_ROLES must name ${user}`);
        return [role, await connect({ user, password }, ` ${role}`)];
      }),
    ),
  );
}

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
