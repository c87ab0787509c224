import { ageMs, type Context, type Invariant } from './context.ts';
import type { Tally } from './finding.ts';

/** 6: every event is decided once, in time. */
export const DECISION_INVARIANTS: readonly Invariant[] = [
  {
    number: 6,
    says: 'Every event that needs a debate has exactly one terminal decision within the deadline.',
    unchecked:
      'the deadline of what was decided before the database last started; a motion that still ' +
      'waits in the outbox counts as under way; a person’s window is market time and is not judged',
    check: decidedOnce,
  },
];

async function decidedOnce(context: Context, tally: Tally): Promise<void> {
  const { db, bounds } = context;
  tally.database += await db.count(
    'select (select count(*) from motions) + (select count(*) from decisions)',
  );
  const twice = await db.rows<{ id: string; user: string; count: string }>(
    `select event_id as id, user_id::text as user, count(*) as count from decisions
     group by event_id, user_id having count(*) > 1`,
  );
  for (const { id, user, count } of twice) tally.violate(id, `${count} decisions for ${user}`);
  const uneven = await db.rows<{ id: string; debate: string }>(
    `with judged as (select distinct debate_id, user_id from decisions)
     select m.event_id as id, m.debate_id as debate from motions m
     join debates b on b.id = m.debate_id and b.status = 'decided'
     left join judged j on j.debate_id = m.debate_id
     left join decisions d on d.event_id = m.event_id and d.user_id = j.user_id
     where d.id is null`,
  );
  for (const { id, debate } of uneven) {
    tally.violate(id, `the debate ${debate} is decided, it has no decision for somebody`);
  }
  const stray = await db.rows<{ id: string }>(
    `select d.id from decisions d left join motions m using (event_id)
     left join debates b on b.id = d.debate_id
     where m.event_id is null or m.debate_id <> d.debate_id or b.status is distinct from 'decided'`,
  );
  for (const { id } of stray) tally.violate(id, 'is a decision of no decided debate of its event');
  const late = await db.rows<{ id: string; began: number; ended: number | null }>(
    `select m.event_id as id, m.started_at as began, b.decided_at as ended
     from motions m left join debates b on b.id = m.debate_id
     where m.started_at >= pg_postmaster_start_time() and (b.decided_at is null
       or b.decided_at - m.started_at > make_interval(secs => $1))`,
    [bounds.debateMs / 1000],
  );
  for (const { id, began, ended } of late) {
    const took = ended === null ? ageMs(context, began) : ended - began;
    if (took <= bounds.debateMs) tally.inFlight += 1;
    else tally.violate(id, `${ended === null ? 'undecided for' : 'took'} ${took / 1000} s`);
  }
  tally.inFlight += await db.count('select count(*) from motions where started_at is null');
}
