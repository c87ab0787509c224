import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** How a line is broken. `up` is what the worker says, `down` what the server says.
 * `stall`: nothing comes through, and nobody is told. `reset`: connections are torn down and new
 * ones refused. `lose-up`, `lose-down`: one direction stalls, the other goes on. */
export const CUTS = ['stall', 'reset', 'lose-up', 'lose-down'] as const;
export type Cut = (typeof CUTS)[number];

interface Line {
  readonly worker: Socket;
  readonly server: Socket;
}

/** A stretch of network between one worker and one server, which can be cut. What is held back by a
 * stalled line is not lost: it comes when the line is whole again, as TCP would deliver it. */
export class CuttableLine {
  readonly name: string;
  readonly #server: Server;
  readonly #lines = new Set<Line>();
  #target: number | null = null;
  #cut: Cut | null = null;

  private constructor(name: string, server: Server) {
    this.name = name;
    this.#server = server;
    server.on('connection', (worker) => this.#join(worker));
  }

  /** Listens on a free port of 127.0.0.1; `aim` says where it leads. */
  static async open(name: string): Promise<CuttableLine> {
    // Half-open: an end of one direction is passed on as that.
    const server = createServer({ allowHalfOpen: true });
    const line = new CuttableLine(name, server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return line;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  aim(port: number): void {
    this.#target = port;
  }

  cut(how: Cut): void {
    this.#cut = how;
    for (const line of this.#lines) this.#apply(line);
  }

  heal(): void {
    this.#cut = null;
    for (const line of this.#lines) this.#apply(line);
  }

  async close(): Promise<void> {
    for (const { worker, server } of this.#lines) {
      worker.destroy();
      server.destroy();
    }
    this.#server.close();
    if (this.#server.listening) await once(this.#server, 'close');
  }

  #join(worker: Socket): void {
    if (this.#target === null || this.#cut === 'reset') {
      worker.resetAndDestroy();
      return;
    }
    const server = connect({ port: this.#target, host: '127.0.0.1', allowHalfOpen: true });
    const line = { worker, server };
    this.#lines.add(line);
    for (const socket of [worker, server]) socket.setNoDelay(true);
    carry(worker, server);
    carry(server, worker);
    const end = (): void => {
      this.#lines.delete(line);
      worker.destroy();
      server.destroy();
    };
    for (const socket of [worker, server]) socket.once('close', end);
    this.#apply(line);
  }

  /** A stalled direction is one that nobody reads: the sender's own buffers fill up. */
  #apply(line: Line): void {
    const { worker, server } = line;
    const cut = this.#cut;
    if (cut === 'reset') {
      worker.resetAndDestroy();
      server.resetAndDestroy();
      return;
    }
    flow(worker, cut !== 'stall' && cut !== 'lose-up');
    flow(server, cut !== 'stall' && cut !== 'lose-down');
  }
}

const STALLED = new WeakSet<Socket>();

function flow(from: Socket, open: boolean): void {
  if (open) {
    STALLED.delete(from);
    from.resume();
  } else {
    STALLED.add(from);
    from.pause();
  }
}

function carry(from: Socket, to: Socket): void {
  from.on('data', (bytes: Buffer) => {
    if (!to.write(bytes)) from.pause();
  });
  to.on('drain', () => {
    if (!STALLED.has(from)) from.resume();
  });
  from.on('end', () => to.end());
  from.on('error', () => to.destroy());
}
