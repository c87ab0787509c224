import type { Kysely } from 'kysely';
import { ROLES } from '../../core/assistants/role.ts';
import type { MarketSeries } from '../../core/backtest/series.ts';
import { RING_SETTLED } from '../../core/backtest/settled.ts';
import { rulesOf } from '../../core/debate/rules.ts';
import { forEveryRole } from '../../core/debate/weights.ts';
import type { Outcome } from '../../core/judgement/outcome.ts';
import type { Market } from '../../core/learning/contract.ts';
import type { GateCase, MarketMemory, RecordedDecision } from '../../core/learning/gate/case.ts';
import { TIMEFRAMES, type Timeframe } from '../../core/market/candle.ts';
import type { RiskLimits } from '../../core/risk/limits.ts';
import { type Decision, readDecisions } from './decisions.ts';
import { readMarketSeries } from './market-series.ts';
import { motionsOfSeries, readMotions } from './motions.ts';
import { readSettledMotions } from './outcomes.ts';
import type { Database } from './schema.ts';
import { activeUsersWithConfig, configOf, findUser } from './users.ts';
import { pastCalls, readUtterances } from './utterances.ts';
import { weightsOf } from './weights.ts';

export interface GateQuery extends Market {
  /** For whom it was decided; the first active user by name when left out. */
  readonly username?: string;
  /** The newest so many debates. */
  readonly debates: number;
}

/** Everything the change gate judges by, beside the candidate. */
export interface GateGround {
  readonly username: string;
  readonly cases: readonly GateCase[];
  readonly memories: readonly MarketMemory[];
  readonly series: readonly MarketSeries[];
  readonly limits: RiskLimits;
}

/** Reads a market's newest recorded debates with all they were decided from, and its candles.
 * Throws UnknownError on a user or a symbol that is not there. */
export async function readGateGround(
  db: Kysely<Database>,
  { username, debates, ...market }: GateQuery,
): Promise<GateGround> {
  const timeframe = market.timeframe as Timeframe;
  const user = await judgedFor(db, username);
  const put = await motionsOfSeries(db, { ...market, timeframe });
  // From the first of them on, so that what is remembered has no gap.
  const newest = put.slice(-debates);
  const eventIds = newest.map(({ eventId }) => eventId);
  const fromMs = newest[0]?.closeTimeMs ?? 0;
  const cases = await casesOf(db, eventIds, {
    username: user.username,
    outcomes: await outcomesFrom(db, market, fromMs),
  });
  return {
    username: user.username,
    cases,
    memories: [await memoryBefore(db, market, fromMs)],
    series: await seriesFrom(db, { ...market, timeframe, fromMs }),
    limits: user.limits,
  };
}

async function judgedFor(db: Kysely<Database>, username: string | undefined) {
  const users = await activeUsersWithConfig(db);
  const found = users.find((user) => username === undefined || user.username === username);
  if (found !== undefined) return found;
  const { username: known } = await findUser(db, username ?? '');
  throw new RangeError(`user ${known} must be active`);
}

type Outcomes = ReadonlyMap<string, Outcome>;

async function outcomesFrom(
  db: Kysely<Database>,
  market: Market,
  fromMs: number,
): Promise<Outcomes> {
  const settled = await readSettledMotions(db, { market, fromMs });
  return new Map(settled.map(({ eventId, outcome }) => [eventId, outcome]));
}

async function casesOf(
  db: Kysely<Database>,
  eventIds: readonly string[],
  { username, outcomes }: { readonly username: string; readonly outcomes: Outcomes },
): Promise<readonly GateCase[]> {
  const [motions, utterances, decisions] = await Promise.all([
    readMotions(db, eventIds),
    readUtterances(db, eventIds),
    readDecisions(db, { eventIds, username }),
  ]);
  const said = Map.groupBy(utterances, ({ eventId }) => eventId);
  const decided = new Map(decisions.map((decision) => [decision.eventId, decision]));
  const named = new Versions(db, username);
  const cases: GateCase[] = [];
  for (const { eventId, debateId, snapshot } of motions) {
    const decision = decided.get(eventId);
    cases.push({
      ...{ eventId, debateId, snapshot },
      utterances: said.get(eventId) ?? [],
      silent: decision?.silent ?? [],
      recorded: decision === undefined ? null : await named.recorded(decision),
      outcome: outcomes.get(eventId) ?? null,
    });
  }
  return cases;
}

/** What decisions name by a version, read once each. */
class Versions {
  readonly #db: Kysely<Database>;
  readonly #username: string;
  readonly #weights = new Map<number, RecordedDecision['weights']>();
  readonly #configs = new Map<number, RecordedDecision['userConfig']>();

  constructor(db: Kysely<Database>, username: string) {
    this.#db = db;
    this.#username = username;
  }

  async recorded(decision: Decision): Promise<RecordedDecision> {
    const { action, verdict, confidenceBp, rulesVersion } = decision;
    return {
      ...{ action, verdict, confidenceBp },
      weights: await this.#weightsOf(decision.weightsVersion),
      rules: rulesOf(rulesVersion),
      userConfig: await this.#configOf(decision.configVersion),
    };
  }

  async #weightsOf(version: number): Promise<RecordedDecision['weights']> {
    const weights = this.#weights.get(version) ?? (await weightsOf(this.#db, version)).weights;
    this.#weights.set(version, weights);
    return weights;
  }

  async #configOf(version: number): Promise<RecordedDecision['userConfig']> {
    const known = this.#configs.get(version);
    if (known !== undefined) return known;
    const { config } = await configOf(this.#db, { username: this.#username, version });
    this.#configs.set(version, config);
    return config;
  }
}

async function memoryBefore(
  db: Kysely<Database>,
  { venue, symbol, timeframe }: Market,
  beforeMs: number,
): Promise<MarketMemory> {
  const calls = await Promise.all(
    ROLES.map((role) => pastCalls(db, { role, venue, symbol, timeframe, beforeMs })),
  );
  const memories = forEveryRole((role) => ({ calls: calls[ROLES.indexOf(role)] ?? [] }));
  return { symbol, memories };
}

/** With enough before the first decision for every range to be warm. */
async function seriesFrom(
  db: Kysely<Database>,
  { fromMs, ...market }: Market & { readonly timeframe: Timeframe; readonly fromMs: number },
): Promise<readonly MarketSeries[]> {
  if (fromMs === 0) return [];
  const history = RING_SETTLED * TIMEFRAMES[market.timeframe];
  const series = await readMarketSeries(db, { ...market, fromMs: fromMs - history });
  return series.candles.length === 0 ? [] : [series];
}
