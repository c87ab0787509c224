import { readFileSync } from 'node:fs';
import type { Kysely } from 'kysely';
import { z } from 'zod';
import { readBlob } from '../../adapters/store/blobs.ts';
import {
  type GateGround,
  type GateQuery,
  readGateGround,
} from '../../adapters/store/gate-ground.ts';
import { readModel } from '../../adapters/store/models.ts';
import type { Database } from '../../adapters/store/schema.ts';
import { weightsOf } from '../../adapters/store/weights.ts';
import { ROLES } from '../../core/assistants/role.ts';
import { parseUserRules } from '../../core/debate/user-config.ts';
import type { RegimeWeights } from '../../core/debate/weights.ts';
import { REGIMES } from '../../core/features/reading.ts';
import type { GateCandidate, GateReport } from '../../core/learning/gate/case.ts';
import { runGate } from '../../core/learning/gate/gate.ts';
import { CorroError } from '../../proto/errors.ts';

/** What wants to go live, as a person names it. */
export type CandidateRequest =
  /** A recorded version, or JSON (`@file`): by regime and role, 0 … 1,000,000. */
  | { readonly kind: 'weights'; readonly text: string }
  /** JSON (`@file`), as `corro users set --rules` takes it. */
  | { readonly kind: 'rules'; readonly text: string }
  /** A hash in the registry, the beginning of one, or a model file. */
  | { readonly kind: 'model'; readonly text: string };

export interface GateAnswer extends GateReport {
  readonly market: { readonly venue: string; readonly symbol: string; readonly timeframe: string };
  readonly username: string;
}

/** Replays a market's newest recorded debates on a candidate. Changes nothing. Throws
 * `bad_configuration`, `bad_model`, ConfigError and UnknownError on a candidate that is none. */
export async function gateOf(
  db: Kysely<Database>,
  query: GateQuery,
  request: CandidateRequest,
): Promise<GateAnswer> {
  const { venue, symbol, timeframe } = query;
  const ground = await readGateGround(db, query);
  const candidate = await candidateOf(db, request, ground);
  const report = runGate({ ...ground, candidate });
  return { market: { venue, symbol, timeframe }, username: ground.username, ...report };
}

async function candidateOf(
  db: Kysely<Database>,
  { kind, text }: CandidateRequest,
  { cases }: GateGround,
): Promise<GateCandidate> {
  if (kind === 'rules') return { kind, name: text, rules: parseUserRules(jsonOf(kind, text)) };
  if (kind === 'weights') return { kind, name: text, ...(await readWeights(db, text)) };
  // The runtime of models is large: only who asks for one loads it.
  const { loadModel, loadModelBytes } = await import('../../adapters/models/load.ts');
  const { forecastsOf } = await import('../../adapters/models/forecasts.ts');
  const registered = /^[0-9a-f]{6,64}$/.test(text) ? await readModel(db, text) : null;
  const model =
    registered === null
      ? await loadModel(text)
      : await loadModelBytes(await readBlob(db, registered.hash), {
          hash: registered.hash,
          name: `model ${registered.hash.slice(0, 12)}`,
        });
  const snapshots = cases.map(({ snapshot }) => snapshot);
  const knowsToMs = model.card.data.toMs;
  return { kind, name: model.hash, knowsToMs, forecasts: await forecastsOf(model, snapshots) };
}

type KnownWeights = Pick<Extract<GateCandidate, { kind: 'weights' }>, 'weights' | 'knowsToMs'>;

const WEIGHT = z.number().int().min(0).max(1_000_000);
const WEIGHTS = z.strictObject(
  Object.fromEntries(
    REGIMES.map((regime) => [
      regime,
      z.strictObject(Object.fromEntries(ROLES.map((role) => [role, WEIGHT]))),
    ]),
  ),
);

async function readWeights(db: Kysely<Database>, text: string): Promise<KnownWeights> {
  if (/^\d{1,9}$/.test(text)) {
    const { weights, learnedToMs } = await weightsOf(db, Number(text));
    return { weights, knowsToMs: learnedToMs };
  }
  const parsed = WEIGHTS.safeParse(jsonOf('weights', text));
  if (parsed.success) {
    return { weights: parsed.data as unknown as RegimeWeights, knowsToMs: null };
  }
  const [issue] = parsed.error.issues;
  const where = ['weights', ...(issue?.path ?? [])].join('.');
  const expected = `every regime and role, whole numbers 0 … 1,000,000`;
  throw new CorroError('bad_configuration', `${where} must be ${expected}: ${issue?.message}`);
}

function jsonOf(kind: string, text: string): unknown {
  try {
    return JSON.parse(text.startsWith('@') ? readFileSync(text.slice(1), 'utf8') : text);
  } catch (error) {
    throw new CorroError('bad_configuration', `--${kind} must be JSON: ${String(error)}`);
  }
}
