import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { writeMatrix } from '../../adapters/models/matrix-file.ts';
import type { MarketSeries } from '../../core/backtest/series.ts';
import type { OutcomeTerms } from '../../core/judgement/assessment.ts';
import { trainingMatrix } from '../../core/models/matrix.ts';
import { CorroError } from '../../proto/errors.ts';
import { ensurePython } from '../python/environment.ts';
import { runPython } from '../python/run.ts';

export interface FitRequest {
  readonly series: readonly MarketSeries[];
  readonly label: OutcomeTerms;
  /** Where the ONNX file goes. */
  readonly out: string;
  readonly trees?: number;
  /** Also write what scikit-learn itself answers to each row; see corro_training/export.py. */
  readonly witness?: string;
}

/** What the trainer tells of a model it made. */
export interface FittedModel {
  readonly sha256: string;
  readonly rows: number;
  readonly labels: Readonly<Record<string, number>>;
}

/** A day: longer than the largest matrix that fits into memory takes. */
const TIMEOUT_MS = 86_400_000;

/** Fits a model on all candles of these series, and nothing else: what is to be judged with it must
 * come after them. Installs Python's packages first when they are not there. Throws
 * `python_missing`, and `bad_model` with the trainer's words when it cannot learn from this. */
export async function fitModel(request: FitRequest): Promise<FittedModel> {
  const { series, label, out, trees, witness } = request;
  const python = await ensurePython('training');
  const folder = mkdtempSync(join(tmpdir(), 'corro-matrix-'));
  try {
    const matrix = join(folder, 'matrix.bin');
    await writeMatrix(matrix, trainingMatrix(series, label));
    const flags = ['-m', 'corro_training.export', matrix, '--out', resolve(out)];
    if (trees !== undefined) flags.push('--trees', String(trees));
    if (witness !== undefined) flags.push('--witness', resolve(witness));
    const ended = await runPython(python, flags, { timeoutMs: TIMEOUT_MS });
    if (ended.code !== 0) throw new CorroError('bad_model', ended.stderr.trim().slice(-2_000));
    return JSON.parse(ended.stdout) as FittedModel;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
