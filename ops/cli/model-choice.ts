import {
  type ChampionSeat,
  listChampions,
  listModels,
  readModel,
  type StoredModel,
} from '../../adapters/store/models.ts';
import type { Reader } from '../../adapters/store/store.ts';
import { CorroError } from '../../proto/errors.ts';
import { findByPrefix } from './find.ts';

/** Which market a person means; what is left out is any. */
export interface MarketFlags {
  readonly venue?: string;
  readonly symbol?: string;
  readonly timeframe?: string;
}

/** The word for the model that speaks now. */
export const CHAMPION = 'champion';

/** The model a person means: by its hash, the beginning or the end of it, or `champion`. Throws
 * UnknownError, `unknown_model` and `usage`. */
export async function chosenModel(
  db: Reader,
  typed: string,
  flags: MarketFlags = {},
): Promise<StoredModel> {
  if (typed === CHAMPION) {
    const { hash } = await chosenChampion(db, flags);
    return readModel(db, hash);
  }
  const known = (await listModels(db)).map(({ hash }) => hash);
  return readModel(db, findByPrefix(known, typed));
}

/** The one market with a champion that a person means. Throws `unknown_model` when there is none,
 * and `usage` when there are several. */
export async function chosenChampion(
  db: Reader,
  flags: MarketFlags,
): Promise<ChampionSeat & { readonly hash: string }> {
  const seats = (await listChampions(db)).filter(
    (seat) =>
      (flags.venue === undefined || seat.venue === flags.venue) &&
      (flags.symbol === undefined || seat.symbol === flags.symbol) &&
      (flags.timeframe === undefined || seat.timeframe === flags.timeframe),
  );
  const [first, second] = seats.flatMap((seat) =>
    seat.hash === null ? [] : [{ ...seat, hash: seat.hash }],
  );
  if (first !== undefined && second === undefined) return first;
  if (first === undefined) {
    const asked = [flags.symbol, flags.timeframe].filter((part) => part !== undefined).join(' ');
    const detail = asked === '' ? 'no market has a champion' : `${asked} has no champion`;
    throw new CorroError('unknown_model', detail);
  }
  const named = seats.map(({ symbol, timeframe }) => `${symbol} ${timeframe}`).join(', ');
  throw new CorroError('usage', `--symbol and --timeframe must say which of ${named}`);
}
