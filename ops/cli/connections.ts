import { Client, Connection } from '@temporalio/client';
import { type Bus, connectBus } from '../../adapters/bus/connect.ts';
import { openStore, type Store } from '../../adapters/store/store.ts';
import { type Wire, wire } from '../../proto/subjects.ts';
import { patiently } from '../ring/patience.ts';
import { readStack, StackError, type StackState } from '../stack/control.ts';

/** A running stack's servers, connected to when first asked for and closed together. */
export class Connections {
  readonly state: StackState;
  readonly wire: Wire;
  #store: Store | null = null;
  #bus: Promise<Bus> | null = null;
  #temporal: Promise<Connection> | null = null;

  constructor(state: StackState) {
    this.state = state;
    this.wire = wire(state.namespace);
  }

  get db(): Store['db'] {
    this.#store ??= openStore({
      url: this.state.addresses.postgresUrl,
      poolSize: 4,
      applicationName: 'corro cli',
    });
    return this.#store.db;
  }

  bus(): Promise<Bus> {
    this.#bus ??= connectBus({ url: this.state.addresses.natsUrl, name: 'corro cli' });
    return this.#bus;
  }

  async temporal(): Promise<Client> {
    const { temporalAddress: address } = this.state.addresses;
    this.#temporal ??= patiently('Temporal', () => Connection.connect({ address }), {
      signal: new AbortController().signal,
      limitMs: 20_000,
    });
    return new Client({ connection: await this.#temporal });
  }

  async close(): Promise<void> {
    // One that never opened, or has gone, must not keep the others from closing.
    await Promise.allSettled([
      this.#store?.close() ?? Promise.resolve(),
      this.#bus?.then((bus) => bus.close()) ?? Promise.resolve(),
      this.#temporal?.then((connection) => connection.close()) ?? Promise.resolve(),
    ]);
  }
}

/** The state of the stack in a home folder. Throws `not_running` when none runs there. */
export function runningStack(home: string): StackState {
  const state = readStack(home);
  if (state?.status === 'running') return state;
  const now = state === null || state.status === 'stopped' ? '' : ` (it is ${state.status})`;
  throw new StackError('not_running', `no stack runs in ${home}${now}: start it with ./corro up`);
}

/** Does something with a running stack's connections, and closes them whatever happens. */
export async function withStack<T>(
  home: string,
  act: (connections: Connections) => Promise<T>,
): Promise<T> {
  const connections = new Connections(runningStack(home));
  try {
    return await act(connections);
  } finally {
    await connections.close();
  }
}
