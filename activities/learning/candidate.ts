import type { Kysely } from 'kysely';
import { loadModelBytes } from '../../adapters/models/load.ts';
import { readBlob } from '../../adapters/store/blobs.ts';
import { changeModel, registerModel } from '../../adapters/store/model-changes.ts';
import {
  championOf,
  listModels,
  MOST_CHALLENGERS,
  readModel,
} from '../../adapters/store/models.ts';
import type { Database } from '../../adapters/store/schema.ts';
import type { ModelState } from '../../core/models/lifecycle.ts';
import type { TrainedModel } from '../../proto/learning.ts';
import { metricsOf, readValidated } from './model-facts.ts';
import type { LearningRun } from './run.ts';
import { LEARNING } from './weights.ts';

/** A model that wants to speak for its market. */
export interface Candidate {
  readonly hash: string;
  /** What it is: one that was trained before from the same may have been promoted or rejected. */
  readonly state: ModelState;
}

export interface RegisterOrder {
  readonly run: LearningRun;
  readonly matrixHash: string;
  readonly trained: TrainedModel;
}

/** Models on their way into the registry. */
export function createCandidateActivities({ db }: { readonly db: Kysely<Database> }) {
  return {
    /** Reads what the trainer left as whoever serves it would, and enters it as a candidate with
     * what it will be held against. Repeating it finds it there. Throws `bad_model`. */
    async registerCandidate({ run, matrixHash, trained }: RegisterOrder): Promise<Candidate> {
      const { venue, symbol, timeframe } = run;
      const market = { venue, symbol, timeframe };
      const { modelHash: hash, validationHash } = trained;
      const name = `model ${hash.slice(0, 12)}`;
      const model = await loadModelBytes(await readBlob(db, hash), { hash, name });
      const { card } = model;
      await model.release();
      const validated = await readValidated(db, { matrixHash, validationHash });
      const { hash: champion } = await championOf(db, market);
      await registerModel(db, {
        ...{ market, hash, card, matrixHash, validationHash, by: LEARNING },
        parent: champion === hash ? null : champion,
        metrics: metricsOf(trained, validated),
      });
      return { hash, state: (await readModel(db, hash)).state };
    },

    /** Who waits in the shadow of a market, the newest first: what was wanting when they were
     * judged last may be there now. */
    async waitingModels({ venue, symbol, timeframe }: LearningRun): Promise<readonly Candidate[]> {
      const waiting = await listModels(db, { venue, symbol, timeframe, state: 'shadow' });
      return waiting.map(({ hash, state }) => ({ hash, state }));
    },

    /** Has a candidate answer beside the champion from now on, where nobody counts it. Of those
     * that wait no more than are asked stay: this one, and the newest others. */
    async enterShadow(run: LearningRun, hash: string): Promise<void> {
      const { venue, symbol, timeframe, id } = run;
      const reason = 'trained and validated: it answers beside the champion until it is judged';
      const evidence = { run: id };
      await changeModel(db, { hash, to: 'shadow', reason, evidence, by: LEARNING });
      const waiting = await listModels(db, { venue, symbol, timeframe, state: 'shadow' });
      const others = waiting.filter((other) => other.hash !== hash);
      for (const old of others.slice(MOST_CHALLENGERS - 1)) {
        const why = `${MOST_CHALLENGERS} newer ones wait`;
        const change = { hash: old.hash, to: 'rejected', reason: why, evidence } as const;
        await changeModel(db, { ...change, by: LEARNING });
      }
    },
  };
}
