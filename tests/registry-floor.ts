import type { Kysely } from 'kysely';
import { changeModel } from '../adapters/store/model-changes.ts';
import { championOf, listModels, type StoredModel } from '../adapters/store/models.ts';
import { type Promotion, promoteModel, rollbackChampion } from '../adapters/store/promotion.ts';
import type { Database } from '../adapters/store/schema.ts';
import type { Market } from '../core/learning/contract.ts';

const WHY = { reason: 'a test', by: 'ana' };

/** What tests of the registry do to it, one market of its own each. */
export class RegistryFloor {
  readonly db: Kysely<Database>;
  #markets = 0;

  constructor(db: Kysely<Database>) {
    this.db = db;
  }

  freshMarket(): Market {
    this.#markets += 1;
    return { venue: 'paper', symbol: `T${this.#markets}/USDT`, timeframe: '5m' };
  }

  /** Promotes against the epoch that stands. */
  async promote(hash: string, market: Market): Promise<Promotion> {
    const { epoch } = await championOf(this.db, market);
    const evidence = { trials: 1 };
    return promoteModel(this.db, { hash, expectedEpoch: epoch, evidence, ...WHY });
  }

  async rollback(market: Market): Promise<Promotion> {
    const { epoch } = await championOf(this.db, market);
    return rollbackChampion(this.db, { market, expectedEpoch: epoch, ...WHY });
  }

  change(hash: string, to: 'shadow' | 'rejected'): Promise<StoredModel> {
    return changeModel(this.db, { hash, to, evidence: {}, ...WHY });
  }

  async statesOf(market: Market): Promise<Record<string, string>> {
    const rows = await listModels(this.db, market);
    return Object.fromEntries(rows.map(({ hash, state }) => [hash, state]));
  }

  /** What the audit has of a market's champion. */
  async auditOf(market: Market): Promise<readonly unknown[]> {
    const rows = await this.db
      .selectFrom('audit')
      .select(['act', 'body'])
      .where('act', 'in', ['champion-set', 'champion-worth-set'])
      .where('reference', 'like', `paper ${market.symbol} 5m %`)
      .orderBy('seq')
      .execute();
    return rows.map(({ act, body }) => ({ act, ...(body as object) }));
  }
}
