import { createServer } from 'node:http';
import { flushCompileCache } from 'node:module';
import type { AddressInfo } from 'node:net';
import { type Logger, pino } from 'pino';
import { readSettings, type Settings } from './settings.ts';

/** What a worker hands back once it serves: how it is, and how to stop it. */
export interface Running {
  /** Facts for `/health`; throwing means unhealthy. */
  health(): Promise<Record<string, unknown>>;
  close(): Promise<void>;
}

export interface WorkerContext {
  readonly settings: Settings;
  readonly log: Logger;
  /** Ends the process in order, as a signal would; for faults nothing inside can mend. */
  fail(reason: unknown): void;
}

const GRACE_MS = 8_000;

/** Runs one Corro process: settings, JSON logs, `GET /health`, clean stop on SIGTERM and SIGINT,
 * and a hard exit when the stop itself hangs. Exit code 0 after a signal, 1 after a fault. */
export async function runProcess(
  name: string,
  start: (context: WorkerContext) => Promise<Running>,
): Promise<void> {
  process.env['TZ'] = 'UTC';
  const settings = readSettings();
  const log = pino({ name, level: settings.CORRO_LOG_LEVEL });
  let running: Running | undefined;
  let stopping = false;
  const stop = (code: number): void => {
    if (stopping) return;
    stopping = true;
    setTimeout(() => process.exit(code || 1), GRACE_MS).unref();
    void Promise.resolve(running?.close())
      .catch((error: unknown) => log.error({ err: error }, 'close failed'))
      .finally(() => process.exit(code));
  };
  const fail = (reason: unknown): void => {
    log.fatal({ err: reason }, 'stopping after a fault');
    stop(1);
  };
  process.on('SIGTERM', () => stop(0));
  process.on('SIGINT', () => stop(0));
  process.on('uncaughtException', fail);
  process.on('unhandledRejection', fail);
  const port = await serveHealth(settings.CORRO_HEALTH_PORT, () => running);
  try {
    running = await start({ settings, log, fail });
    log.info({ healthPort: port }, 'ready');
    // Otherwise it is kept at the end of a process, and one that is killed has no end.
    flushCompileCache();
  } catch (error) {
    fail(error);
  }
}

async function serveHealth(port: number, running: () => Running | undefined): Promise<number> {
  const server = createServer((request, response) => {
    const reply = (status: number, body: Record<string, unknown>): void => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    };
    const worker = running();
    if (request.url !== '/health') return reply(404, { error: 'only GET /health is served here' });
    if (!worker) return reply(503, { ready: false });
    worker.health().then(
      (facts) => reply(200, { ready: true, pid: process.pid, ...facts }),
      (error: unknown) => reply(503, { ready: false, error: String(error) }),
    );
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  server.unref();
  return (server.address() as AddressInfo).port;
}
