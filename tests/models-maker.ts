import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeMatrix } from '../adapters/models/matrix-file.ts';
import type { MarketSeries } from '../core/backtest/series.ts';
import { outcomeTerms } from '../core/judgement/outcome.ts';
import { TIMEFRAMES, type Timeframe } from '../core/market/candle.ts';
import { RowStore } from '../core/market/candle-series.ts';
import { SIMULATED_SYMBOLS, simulatedCloses } from '../core/market/simulated.ts';
import { trainingMatrix } from '../core/models/matrix.ts';
import { ensurePython } from '../ops/python/environment.ts';
import { type Ended, runPython } from '../ops/python/run.ts';
import { fitModel } from '../ops/research/fit-model.ts';

/** Made-up series and models fitted on them, for tests about models. */

/** Installing Python's packages, on a slow machine whose other core is busy. */
export const PYTHON_TIMEOUT_MS = 30 * 60_000;

/** Few: quick to fit, and of the same shapes. */
const TREES = 20;

export const LABEL = outcomeTerms({ takerFeeBps: 2, halfSpreadBps: 0.5 });

export function madeUpSeries(
  count: number,
  { seed = 1, timeframe = '5m', markets = 1 }: MadeUp = {},
): MarketSeries[] {
  const symbols = SIMULATED_SYMBOLS.slice(0, markets);
  const stores = symbols.map(() => new RowStore());
  const startMs = Date.UTC(2024, 0, 1);
  let closes = 0;
  for (const close of simulatedCloses({ seed, timeframe, startMs, symbols })) {
    close.forEach(({ candle }, at) => stores[at]?.push(candle));
    closes += 1;
    if (closes === count) break;
  }
  const all = Uint32Array.from({ length: count }, (_, at) => at);
  return symbols.map(({ symbol }, at) => {
    const [base = '', quote = ''] = symbol.split('/');
    const steps = { tickSize: '0.01', lotSize: '0.00001', minNotional: '5' };
    const candles = (stores[at] as RowStore).series(all, TIMEFRAMES[timeframe]);
    return { instrument: { symbol, base, quote, ...steps }, timeframe, candles };
  });
}

interface MadeUp {
  readonly seed?: number;
  readonly timeframe?: Timeframe;
  readonly markets?: number;
}

export interface MadeModel {
  readonly folder: string;
  readonly model: string;
  readonly matrix: string;
  /** What scikit-learn answers to each row of the matrix. */
  readonly witness: string;
  readonly matrixHash: string;
  remove(): void;
}

/** Fits a model on a series, in a folder of its own. */
export async function makeModel(series: readonly MarketSeries[]): Promise<MadeModel> {
  const folder = mkdtempSync(join(tmpdir(), 'corro-model-'));
  const [model, matrix, witness] = ['model.onnx', 'matrix.bin', 'witness.bin'].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  const matrixHash = await writeMatrix(matrix, trainingMatrix(series, LABEL));
  await fitModel({ series, label: LABEL, out: model, witness, trees: TREES });
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  return { folder, model, matrix, witness, matrixHash, remove };
}

/** `python -m corro_training.export`, as `makeModel` uses it. */
export async function train(flags: readonly string[]): Promise<Ended> {
  const python = await ensurePython('training');
  const command = ['-m', 'corro_training.export', ...flags, '--trees', String(TREES)];
  return runPython(python, command, { timeoutMs: PYTHON_TIMEOUT_MS });
}
