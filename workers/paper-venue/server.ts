import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import { controlHandler } from './control.ts';
import { ListenKeys } from './listen-keys.ts';
import { restHandler } from './rest.ts';
import { Sockets } from './sockets.ts';
import { PaperVenue } from './venue.ts';
import { Weights } from './weights.ts';

export interface PaperVenueOptions {
  /** Where `venue.jsonl` lives. */
  readonly directory: string;
  /** 0: any free port. */
  readonly port: number;
  /** Interface to listen on; 127.0.0.1 when not said. */
  readonly host?: string;
  /** Shared with the gateway and the driver: paper keys are derived from it, control calls carry
   * it. */
  readonly secret: string;
  readonly log: Logger;
}

export interface PaperVenueServer {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  readonly port: number;
  facts(): Promise<Record<string, unknown>>;
  close(): Promise<void>;
}

/** Reads the log back and serves Binance's dialect and the control door on one port. */
export async function startPaperVenue(options: PaperVenueOptions): Promise<PaperVenueServer> {
  const { log, secret } = options;
  const startedAt = performance.now();
  const venue = await PaperVenue.open(options.directory);
  const report = { ...venue.log.report, readMs: Math.round(performance.now() - startedAt) };
  if (report.tornBytes > 0) log.warn(report, 'a torn last line was cut off the log');
  else log.info(report, 'log read');
  const listenKeys = new ListenKeys();
  const weights = new Weights();
  const rest = restHandler({ venue, listenKeys, secret, log }, weights);
  const control = controlHandler(venue, secret);
  const sockets = new Sockets({ venue, listenKeys, secret, log });
  const server = createServer((request, response) => {
    const handle = request.url?.startsWith('/control/') ? control : rest;
    void handle(request, response);
  });
  server.on('upgrade', (request, socket, head) => sockets.upgrade(request, socket, head));
  server.keepAliveTimeout = 60_000;
  const port = await listen(server, { port: options.port, host: options.host ?? '127.0.0.1' });
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    facts: async () => {
      await venue.settled();
      return {
        port,
        tapeTimeMs: venue.state.tapeTimeMs,
        openOrders: venue.state.open.size,
        logLines: venue.log.lines,
        tornBytes: report.tornBytes,
        connections: sockets.connections,
        refusedForRate: weights.refused,
      };
    },
    close: async () => {
      sockets.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await venue.close();
    },
  };
}

async function listen(
  server: Server,
  at: { readonly port: number; readonly host: string },
): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(at.port, at.host, resolve);
  });
  return (server.address() as AddressInfo).port;
}
