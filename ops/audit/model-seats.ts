import type { Context } from './context.ts';
import type { Tally } from './finding.ts';

/** Every vote of a new champion counts whole. */
const WHOLE_BP = 10_000;

/** What the audit's records say of a market's champion, one after the other. */
interface Told {
  readonly market: string;
  readonly act: string;
  readonly epoch: string | null;
  readonly how: string | null;
  readonly model: string | null;
  readonly before: string | null;
  readonly worth: string | null;
}

interface Seat {
  readonly model: string | null;
  readonly epoch: string;
  readonly worth: string;
}

/** One champion a market: the one its row names, the one whose state says so, and the one the last
 * record made; its epochs are 1, 2, 3 … and its worth is what the last record left of it. */
export async function seatsFollow({ db }: Context, tally: Tally): Promise<void> {
  const told = await db.rows<Told>(
    `select concat_ws(' ', body ->> 'symbol', body ->> 'timeframe', 'at', body ->> 'venue')
         as market, act, body ->> 'epoch' as epoch, body ->> 'how' as how,
       body ->> 'model' as model, body ->> 'before' as before, body ->> 'worthBp' as worth
     from audit where partition = 'configuration'
       and act in ('champion-set', 'champion-worth-set') order by seq`,
  );
  const seats = foldSeats(told, tally);
  const rows = await db.rows<Seat & { market: string }>(
    `select concat_ws(' ', symbol, timeframe, 'at', venue) as market, model_hash as model, epoch,
       worth_bp::text as worth from champions`,
  );
  tally.database += told.length + rows.length;
  for (const { market, model, epoch, worth } of rows) {
    const seat = seats.get(market);
    if (seat === undefined)
      tally.violate(market, 'has a champion nobody is on record to have made');
    else compare(market, { stands: { model, epoch, worth }, recorded: seat }, tally);
  }
  const there = new Set(rows.map(({ market }) => market));
  for (const market of seats.keys()) {
    if (!there.has(market)) tally.violate(market, 'had a champion by its records, and has no row');
  }
  await crownedAgree({ db }, { rows, told }, tally);
}

function foldSeats(told: readonly Told[], tally: Tally): ReadonlyMap<string, Seat> {
  const seats = new Map<string, Seat>();
  for (const { market, act, epoch, how, model, before, worth } of told) {
    const seat = seats.get(market) ?? { model: null, epoch: '0', worth: String(WHOLE_BP) };
    const wanted = act === 'champion-set' ? String(BigInt(seat.epoch) + 1n) : seat.epoch;
    if (epoch !== wanted) {
      tally.violate(market, `epoch ${epoch ?? 'none'} is on record where ${wanted} must be`);
    }
    if (act === 'champion-set') {
      if (before !== seat.model) {
        const was = `which was ${seat.model ?? 'nobody'}’s`;
        const place = `took the place of ${before ?? 'nobody'}, ${was}`;
        tally.violate(market, `at epoch ${wanted} ${model ?? 'nobody'} ${place}`);
      }
      if (model === null && how !== 'rollback') {
        tally.violate(market, `at epoch ${wanted} nobody was promoted`);
      }
    } else if (model !== seat.model) {
      tally.violate(market, `the worth of ${model ?? 'nobody'} was set, who was not its champion`);
    }
    seats.set(market, { model, epoch: wanted, worth: worth ?? '' });
  }
  return seats;
}

function compare(
  market: string,
  { stands, recorded }: { readonly stands: Seat; readonly recorded: Seat },
  tally: Tally,
): void {
  const names = { model: 'champion', epoch: 'epoch', worth: 'worth' } as const;
  for (const key of ['model', 'epoch', 'worth'] as const) {
    if (stands[key] === recorded[key]) continue;
    const text = `its ${names[key]} is ${stands[key] ?? 'nobody'}`;
    tally.violate(market, `${text}, the records make it ${recorded[key] ?? 'nobody'}`);
  }
}

/** The states of the models, and the steps of those that were crowned, say the same. */
async function crownedAgree(
  { db }: Pick<Context, 'db'>,
  {
    rows,
    told,
  }: { readonly rows: readonly (Seat & { market: string })[]; readonly told: readonly Told[] },
  tally: Tally,
): Promise<void> {
  const crowned = await db.rows<{ market: string; model: string }>(
    `select concat_ws(' ', symbol, timeframe, 'at', venue) as market, hash as model from models
     where state = 'champion'`,
  );
  for (const { market, model } of crowned) {
    const seat = rows.find((row) => row.market === market);
    if (crowned.filter((one) => one.market === market).length > 1) {
      tally.violate(market, 'has more than one champion');
    }
    if (seat?.model !== model) {
      tally.violate(model, `is champion of ${market}, whose row names ${seat?.model ?? 'nobody'}`);
    }
  }
  for (const { market, model } of rows) {
    if (model === null || crowned.some((one) => one.model === model)) continue;
    tally.violate(market, `names ${model} as its champion, whose state is another`);
  }
  const steps = await db.rows<{ model: string; epoch: string | null }>(
    `select model_hash as model, evidence ->> 'epoch' as epoch from model_changes
     where to_state = 'champion'`,
  );
  const recorded = new Set(
    told.filter(({ act }) => act === 'champion-set').map(({ model, epoch }) => `${model} ${epoch}`),
  );
  for (const { model, epoch } of steps) {
    if (recorded.delete(`${model} ${epoch}`)) continue;
    tally.violate(model, `became champion at epoch ${epoch ?? 'none'} without a record of it`);
  }
  for (const key of recorded) {
    const [model = '', epoch = ''] = key.split(' ');
    if (model !== 'null') tally.violate(model, `is on record for epoch ${epoch}, and took no step`);
  }
}
