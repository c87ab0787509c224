import { Context } from '@temporalio/activity';
import type { Kysely } from 'kysely';
import { matrixBytes } from '../../adapters/models/matrix-file.ts';
import { putBlob } from '../../adapters/store/blobs.ts';
import { readCandleSeries } from '../../adapters/store/market-series.ts';
import type { Database } from '../../adapters/store/schema.ts';
import { instrumentFor } from '../../adapters/venue/paper-instrument.ts';
import { type MatrixFitness, matrixFaults } from '../../core/learning/fitness.ts';
import { DEFAULT_TERMS } from '../../core/learning/label.ts';
import { trainingMatrix } from '../../core/models/matrix.ts';
import { tellProgress } from '../heartbeat.ts';
import type { LearningRun } from './run.ts';

/** What a trainer will be given, or why it is given nothing. */
export interface TrainingSet extends MatrixFitness {
  /** sha256 of the matrix among the blobs; `null`: nothing can be learned from it. */
  readonly matrixHash: string | null;
  readonly candles: number;
  /** One sentence. */
  readonly words: string;
}

/** Makes training sets of stored candles. */
export function createTrainingSetActivities({ db }: { readonly db: Kysely<Database> }) {
  return {
    /** The run's window as a matrix, by the feature code that serves; kept by its hash, for it is
     * too large for a message. One that cannot be learned from is not kept. */
    async buildTrainingSet(run: LearningRun): Promise<TrainingSet> {
      const { symbol, timeframe, window } = run;
      const { venue, fromMs, toMs } = window;
      tellProgress(Context.current(), { stage: 'reading candles' });
      const range = { venue, symbol, timeframe, fromMs, toMs: toMs - 1 };
      const candles = await readCandleSeries(db, range);
      const instrument = instrumentFor(symbol, [candles.at(0)?.close ?? 1]);
      const matrix = trainingMatrix([{ instrument, timeframe, candles }], DEFAULT_TERMS);
      const fitness = matrixFaults(matrix, { toMs });
      const facts = { ...fitness, candles: candles.length };
      if (fitness.faults.length > 0) {
        const why = fitness.faults.map(({ words }) => words).join('; ');
        return { ...facts, matrixHash: null, words: `cannot be learned from: ${why}` };
      }
      const matrixHash = await putBlob(db, { kind: 'matrix', bytes: matrixBytes(matrix) });
      return { ...facts, matrixHash, words: setText(fitness, run) };
    },
  };
}

function setText({ rows, labels }: MatrixFitness, { window }: LearningRun): string {
  const { BUY, SELL, HOLD } = labels;
  const [from, to] = [window.fromMs, window.toMs].map((ms) => new Date(ms).toISOString());
  return (
    `${rows} rows of ${window.candles} candles of ${window.venue}, ${from} to ${to}: ` +
    `${BUY} BUY, ${SELL} SELL, ${HOLD} HOLD`
  );
}
