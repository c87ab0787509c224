import { z } from 'zod';
import { FEATURE_HASH, FEATURE_NAMES, FEATURE_VERSION } from '../../core/features/vector.ts';
import { MODEL_CONTRACT, type ModelCard } from '../../core/models/contract.ts';

/** Key of the file's own metadata under which its card stands. */
export const CARD_KEY = 'corro';

const MOST_CHARACTERS = 64_000;
const hash = z.string().regex(/^[0-9a-f]{64}$/);
const name = z.string().min(1).max(100);
const positive = z.number().positive();
const time = z.number().int().nonnegative();

const cardSchema = z.strictObject({
  contract: z.number().int(),
  features: z.strictObject({
    version: z.number().int(),
    hash,
    names: z.array(name).min(1).max(1_000),
  }),
  label: z.strictObject({
    targetAtrs: positive,
    stopAtrs: positive,
    horizonCandles: positive.int(),
    roundTripCost: z.number().nonnegative().lt(1),
  }),
  data: z.strictObject({
    hash,
    rows: positive.int(),
    timeframe: name,
    symbols: z.array(name).min(1).max(10_000),
    fromMs: time,
    toMs: time,
  }),
  runId: hash,
}) satisfies z.ZodType<ModelCard>;

/** The card a model file carries, or why it cannot serve here: no card, a card that cannot be read,
 * another contract, another feature list. */
export function readCard(metadata: ReadonlyMap<string, string>): ModelCard | string {
  const text = metadata.get(CARD_KEY);
  if (text === undefined) {
    return `says nothing of its features: metadata "${CARD_KEY}" is absent (training/ writes it)`;
  }
  if (text.length > MOST_CHARACTERS)
    return `has metadata longer than ${MOST_CHARACTERS} characters`;
  const parsed = cardSchema.safeParse(asJson(text));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const where = issue?.path.join('.') || 'it';
    return `has metadata "${CARD_KEY}" that cannot be used: ${where}: ${issue?.message ?? ''}`;
  }
  return mismatch(parsed.data) ?? parsed.data;
}

function mismatch({ contract, features }: ModelCard): string | null {
  if (contract !== MODEL_CONTRACT) {
    return `must follow contract ${MODEL_CONTRACT}, was ${contract}: train it anew`;
  }
  const same =
    features.hash === FEATURE_HASH &&
    features.version === FEATURE_VERSION &&
    features.names.length === FEATURE_NAMES.length &&
    features.names.every((one, at) => one === FEATURE_NAMES[at]);
  if (same) return null;
  const theirs = `version ${features.version}, ${features.hash.slice(0, 12)}`;
  const ours = `version ${FEATURE_VERSION}, ${FEATURE_HASH.slice(0, 12)}`;
  return `was trained on other features (${theirs}) than these (${ours}): train it anew`;
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
