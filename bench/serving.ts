/** Models as they are served: the actor's call, the way to it, a swap under load, and the peer.
 *
 *     node bench/serving.ts [--json] [--swaps N]
 *
 * Fits a model of a hundred trees on made-up candles, then measures in one run: one row through
 * the runtime itself and as the actor asks it (shelf, checks and all), the request over NATS to a
 * host of the strategist, the same models behind FastAPI and uvicorn (one request after the other
 * over a kept connection), closes that are asked about without a pause while champions change, and
 * how far Node's answers are from scikit-learn's on 10,000 rows. Not measured: several hosts, other
 * machines, models of other sizes; FastAPI with several workers, which serve more requests but none
 * sooner. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeMatrix } from '../adapters/models/matrix-file.ts';
import { FeatureEngine } from '../core/features/engine.ts';
import type { Reading } from '../core/features/reading.ts';
import { MODEL_INPUT } from '../core/models/contract.ts';
import { trainingMatrix } from '../core/models/matrix.ts';
import { fitModel } from '../ops/research/fit-model.ts';
import { startStack } from '../ops/stack/control.ts';
import { homeAt } from '../ops/stack/home.ts';
import { natsPassword, natsUrl } from '../ops/stack/nats.ts';
import { ASSISTANT_USERS } from '../proto/permissions.ts';
import { LABEL, type MadeModel, madeUpSeries } from '../tests/models-maker.ts';
import { testHome } from '../tests/support/home.ts';
import {
  type CallFigures,
  measureCalls,
  measureParity,
  type ParityFigures,
} from './serving-calls.ts';
import { measurePeer, type PeerServing } from './serving-peer.ts';
import { type LoadFigures, measureRing, type RingFigures } from './serving-ring.ts';

interface Figures {
  readonly calls: CallFigures;
  readonly parity: ParityFigures;
  readonly ring: RingFigures;
  readonly peer: PeerServing;
  readonly machine: string;
}

const TREES = 100;
const CANDLES = 6_000;
const ROWS = 10_000;
const REQUESTS = 300;
/** Rows that calls take in turn. */
const TURN_ROWS = 500;

async function run(swaps: number): Promise<Figures> {
  const folder = mkdtempSync(join(tmpdir(), 'corro-serving-'));
  try {
    return await measure(folder, swaps);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(folder: string, swaps: number): Promise<Figures> {
  const series = madeUpSeries(CANDLES, { markets: 2 });
  const matrix = trainingMatrix(series, LABEL);
  const made: MadeModel = {
    folder,
    model: join(folder, 'model.onnx'),
    matrix: join(folder, 'matrix.bin'),
    witness: join(folder, 'witness.bin'),
    matrixHash: await writeMatrix(join(folder, 'matrix.bin'), matrix),
    remove: () => undefined,
  };
  const { model: out, witness } = made;
  await fitModel({ series, label: LABEL, out, witness, trees: TREES });
  const { columns } = matrix.header;
  const first = columns.findIndex((name) => name === matrix.header.features.names[0]);
  const features = new Float32Array(ROWS * MODEL_INPUT.width);
  for (let row = 0; row < ROWS; row += 1) {
    const start = row * columns.length + first;
    const numbers = matrix.numbers.subarray(start, start + MODEL_INPUT.width);
    features.set(numbers, row * MODEL_INPUT.width);
  }
  const rows = Array.from({ length: TURN_ROWS }, (_, row) => {
    const start = row * MODEL_INPUT.width;
    const numbers = [...features.subarray(start, start + MODEL_INPUT.width)];
    return numbers.map((value) => (Number.isNaN(value) ? null : value));
  });
  const said = new Float64Array(new Uint8Array(readFileSync(witness)).buffer);
  const parity = await measureParity(out, features, said);
  const calls = await measureCalls(out, rows);
  const peer = await measurePeer(made.matrix, rows, { trees: TREES, requests: REQUESTS });
  const off = Math.abs((peer.first['buy'] ?? Number.NaN) - (said[0] as number));
  if (!(off < 1e-9)) throw new Error(`the peer must serve the same fit, was ${off} away`);
  const ring = await onServers(made, newestReading(series[0]?.candles ?? []), swaps);
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, node ${process.version}`;
  return { calls, parity, ring, peer, machine };
}

function newestReading(candles: Iterable<Parameters<FeatureEngine['push']>[0]>): Reading {
  const engine = new FeatureEngine({ timeframe: '5m' });
  let reading: Reading | null = null;
  for (const candle of candles) reading = engine.push(candle);
  if (reading === null) throw new RangeError('candles must not be empty');
  return reading;
}

async function onServers(made: MadeModel, reading: Reading, swaps: number): Promise<RingFigures> {
  const home = testHome();
  const services = ['postgres', 'nats'] as const;
  const stack = await startStack({ home, detached: false, services, namespace: 'bench' });
  try {
    const { postgresUrl, natsFeedUrl } = stack.state.addresses;
    const at = homeAt(home);
    const passwords = ASSISTANT_USERS.map((user) => `${user}=${natsPassword(at, user)}`).join();
    const askerUrl = natsUrl(at, stack.state.ports.nats, 'decision');
    const place = { namespace: 'bench', natsUrl: natsFeedUrl, postgresUrl, passwords, askerUrl };
    return await measureRing(place, made, { reading, swaps });
  } finally {
    await stack.stop();
    rmSync(home, { recursive: true, force: true });
  }
}

function show({ calls, parity, ring, peer, machine }: Figures): string {
  const us = (value: number): string => `${value.toFixed(1)} µs`;
  const ms = (value: number): string => `${value.toFixed(2)} ms`;
  const times = (value: number): string => `${value.toFixed(value < 10 ? 2 : 0)} ×`;
  const peerUs = peer.p50Ms * 1_000;
  const loads = (name: string, load: LoadFigures): string => {
    const { asked, failed, slow, slowMs } = load;
    const spread = `p50 ${ms(load.p50Ms)}, p99 ${ms(load.p99Ms)}, most ${ms(load.mostMs)}`;
    const counts = `${failed} failed, ${slow} slow (over ${ms(slowMs)})`;
    return `${name}, ${load.swaps} swaps: ${asked} closes, ${counts}; ${spread}`;
  };
  const furthest = (['direction', 'magnitude', 'confidence', 'risk'] as const).map(
    (name) => `${name} ${parity[name].toExponential(1)}`,
  );
  const ready = `${ms(calls.loadMs)} (the first in a process ${ms(calls.firstLoadMs)})`;
  const peerTimes = `p50 ${ms(peer.p50Ms)}, p99 ${ms(peer.p99Ms)}`;
  return [
    `machine: ${machine}`,
    `model: ${calls.modelBytes} bytes, ready in ${ready}`,
    `one row, ${calls.calls} calls: session.run ${us(calls.rawUs)}, actor ${us(calls.actorUs)}`,
    `  the actor's call / session.run: ${times(calls.ratio)} (goal: at most 1.5)`,
    `scikit-learn behind FastAPI, ${peer.requests} requests: ${peerTimes}`,
    `  FastAPI / the actor's call: ${times(peerUs / calls.actorUs)} (goal: at least 200)`,
    `over NATS to a host: p50 ${ms(ring.tripP50Ms)}, p99 ${ms(ring.tripP99Ms)}`,
    `  FastAPI / over NATS: ${times(peer.p50Ms / ring.tripP50Ms)}`,
    `  twenty markets in one request: p50 ${ms(ring.twentyP50Ms)}`,
    loads('no swap', ring.steady),
    loads('from the shadow', ring.swapped),
    loads('out of nowhere', ring.surprised),
    `Node and scikit-learn, largest difference on ${parity.rows} rows: ${furthest.join(', ')}`,
  ].join('\n');
}

const flags = process.argv.slice(2);
const swaps = flags.includes('--swaps') ? Number(flags[flags.indexOf('--swaps') + 1]) : 20;
const figures = await run(swaps);
console.log(flags.includes('--json') ? JSON.stringify(figures) : show(figures));
