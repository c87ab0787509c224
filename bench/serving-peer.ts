import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { ensurePython } from '../ops/python/environment.ts';
import { runPython } from '../ops/python/run.ts';
import { REPOSITORY } from '../ops/stack/home.ts';
import { freePort } from '../tests/support/free-port.ts';
import { percentile } from './statistics.ts';

/** scikit-learn behind FastAPI, one request after the other over one connection that is kept. */
export interface PeerServing {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly requests: number;
  /** Its answer to the first row, to see that it serves the same fit. */
  readonly first: Readonly<Record<string, number>>;
}

const SCRIPT = join(REPOSITORY, 'bench/peer/forecasts.py');
const WARMING = 30;
const PATIENCE_MS = 600_000;

type Row = readonly (number | null)[];

/** Fits the same models from the matrix, serves them, and asks about each of the rows. */
export async function measurePeer(
  matrix: string,
  rows: readonly Row[],
  { trees, requests }: { readonly trees: number; readonly requests: number },
): Promise<PeerServing> {
  const environment = await ensurePython('bench');
  const pickle = `${matrix}.pickle`;
  const flags = [SCRIPT, 'fit', matrix, pickle, '--trees', String(trees)];
  const fitted = await runPython(environment, flags, { timeoutMs: PATIENCE_MS });
  if (fitted.code !== 0) throw new Error(`the peer could not fit: ${fitted.stderr}`);
  const port = await freePort();
  const child = spawn(environment.python, [SCRIPT, 'serve', pickle, String(port)], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      PATH: process.env['PATH'],
      PYTHONPATH: join(REPOSITORY, 'training'),
      PYTHONDONTWRITEBYTECODE: '1',
      OMP_NUM_THREADS: '1',
      OPENBLAS_NUM_THREADS: '1',
    },
  });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    const ask = (row: Row): Promise<Readonly<Record<string, number>>> =>
      post({ agent, port, body: JSON.stringify({ features: row }) });
    const first = await untilServed(() => ask(rows[0] as Row));
    for (let at = 0; at < WARMING; at += 1) await ask(rows[at % rows.length] as Row);
    const timesMs: number[] = [];
    for (let at = 0; at < requests; at += 1) {
      const startedAt = performance.now();
      await ask(rows[at % rows.length] as Row);
      timesMs.push(performance.now() - startedAt);
    }
    const [p50Ms, p99Ms] = [percentile(timesMs, 0.5), percentile(timesMs, 0.99)];
    return { p50Ms, p99Ms, requests, first };
  } finally {
    agent.destroy();
    child.kill('SIGTERM');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }
}

interface Post {
  readonly agent: Agent;
  readonly port: number;
  readonly body: string;
}

function post({ agent, port, body }: Post): Promise<Readonly<Record<string, number>>> {
  const headers = { 'content-type': 'application/json', 'content-length': body.length };
  const options = { host: '127.0.0.1', port, path: '/predict', method: 'POST', agent, headers };
  return new Promise((resolve, reject) => {
    const asked = request(options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () => {
        if (response.statusCode === 200) resolve(JSON.parse(text) as Record<string, number>);
        else reject(new Error(`the peer answered ${response.statusCode}: ${text}`));
      });
    });
    asked.on('error', reject).end(body);
  });
}

/** uvicorn takes a moment to listen. */
async function untilServed<T>(ask: () => Promise<T>): Promise<T> {
  for (const giveUpAt = performance.now() + 60_000; ; ) {
    try {
      return await ask();
    } catch (error) {
      const refused = error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED';
      if (!refused || performance.now() > giveUpAt) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
