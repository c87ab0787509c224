import type {
  Action,
  Content,
  Evidence,
  Kind,
  Reason,
  Stance,
} from '../../../../core/assistants/speech.ts';
import type { OrderRecord } from '../../../../core/backtest/result.ts';
import type { Gear } from '../../../../core/backtest/strategy.ts';
import type { Vote } from '../../../../core/debate/judge.ts';
import type { Detail, Said } from '../page-data.ts';
import type { Row } from './decisions.ts';
import { make, plainWord } from './dom.ts';
import { closeText, percentText } from './scale.ts';
import { tableOf } from './tables.ts';

const KIND_TITLES = {
  opinion: 'Opinions, each before hearing another',
  challenge: 'Challenges',
  rebuttal: 'Answers',
  revision: 'Revisions',
  ballot: 'The vote',
} as const satisfies Record<Said['kind'], string>;

const LEAN =
  'This run was made in the lean gear, which keeps what was decided and not what was said. ' +
  'The same command in the full gear decides the same and keeps every word.';
const PLAIN = 'A plain strategy decided this: there was no debate to read.';

export interface Opened {
  readonly row: Row;
  readonly detail: Detail | null;
  readonly orders: readonly OrderRecord[];
  readonly gear: Gear;
}

/** Everything known about one decision. */
export function decisionPage({ row, detail, orders, gear }: Opened): HTMLElement[] {
  const { timeMs, symbol, action, confidence, outcome, trigger, verdict, why } = row;
  const facts = [trigger, verdict, `${percentText(confidence, 0)} sure`, outcome];
  return [
    make('p', { class: 'eyebrow', text: `${closeText(timeMs)} UTC · ${symbol}` }),
    make('h3', { class: `verdict ${action.toLowerCase()}`, text: action }),
    make('p', { class: 'note', text: facts.filter((text) => text !== '').join(' · ') }),
    make('p', { class: 'lead', text: why }),
    ...ordersPart(orders),
    ...(detail === null
      ? [make('p', { class: 'note lean', text: PLAIN })]
      : detailParts(detail, gear)),
  ];
}

function detailParts(detail: Detail, gear: Gear): HTMLElement[] {
  return [
    ...verdictPart(detail),
    ...votesPart(detail),
    ...armsPart(detail),
    ...(detail.said === null
      ? [...callsPart(detail), make('p', { class: 'note lean', text: gear === 'lean' ? LEAN : '' })]
      : saidPart(detail.said)),
  ];
}

function ordersPart(orders: readonly OrderRecord[]): HTMLElement[] {
  if (orders.length === 0) return [];
  const rows = orders.map((order) => [
    `${order.side} (${plainWord(order.purpose)})`,
    order.quantity ?? '—',
    order.executedQuantity,
    order.averagePrice ?? '—',
    [plainWord(order.state), plainWord(order.reason)].filter((text) => text !== '').join(': '),
  ]);
  const columns = [
    { heading: 'Order', numeric: false },
    { heading: 'Wanted', numeric: true },
    { heading: 'Filled', numeric: true },
    { heading: 'Price', numeric: true },
    { heading: 'Ended', numeric: false },
  ];
  return [tableOf({ title: 'What was ordered', note: '', columns, rows })];
}

function verdictPart({ verdict, contested, rounds }: Detail): HTMLElement[] {
  const words = [contested ? 'contested' : 'not contested', `${rounds} rounds`];
  if (verdict !== null) {
    const { tally, veto, textSetAside } = verdict;
    words.push(
      ...(['BUY', 'SELL', 'HOLD'] as const).map(
        (action) => `${action} ${percentText(tally.sharesBp[action] / 10_000, 1)}`,
      ),
      tally.quorate ? '' : 'no quorum',
      veto === null ? '' : `vetoed (${veto.code}): ${veto.text}`,
      textSetAside ? 'text set aside: numbers alone did not agree' : '',
    );
  }
  return [make('p', { class: 'note', text: words.filter((text) => text !== '').join(' · ') })];
}

function votesPart({ votes }: Detail): HTMLElement[] {
  if (votes === null) return [];
  const columns = [
    { heading: 'Assistant', numeric: false },
    { heading: 'Vote', numeric: false },
    { heading: 'Sure', numeric: true },
    { heading: 'Share', numeric: true },
    { heading: 'Why', numeric: false },
  ];
  const rows = votes.map(({ role, status, choice, confidenceBp, shareBp, worthBp, why }) => [
    plainWord(role),
    voteText(status, choice),
    percentText(confidenceBp / 10_000, 0),
    percentText(shareBp / 10_000, 1),
    worthBp < 10_000 ? `${why} (counted ${percentText(worthBp / 10_000, 0)})` : why,
  ]);
  return [tableOf({ title: 'Votes', note: '', columns, rows })];
}

/** What was voted, or what became of the vote. */
function voteText(status: Vote['status'], choice: Vote['choice']): string {
  if (status === 'counted' && choice !== null) return choice;
  return status === 'void' && choice !== null ? `${choice} (void)` : status;
}

function armsPart({ arms }: Detail): HTMLElement[] {
  if (arms === null) return [];
  const { bestSingle, voteWithoutDebate: vote, model } = arms;
  const rows = [
    armRow('vote without debate', vote, plainWord(vote.kind)),
    bestSingle === null
      ? ['best single', '—', '—', 'nobody spoke']
      : armRow('best single', bestSingle, plainWord(bestSingle.role)),
    ...(model === undefined ? [] : [armRow('model alone', model, model.hash.slice(0, 8))]),
  ];
  const columns = [
    { heading: 'Otherwise', numeric: false },
    { heading: 'Action', numeric: false },
    { heading: 'Sure', numeric: true },
    { heading: '', numeric: false },
  ];
  return [tableOf({ title: 'What others would have done', note: '', columns, rows })];
}

function armRow(
  name: string,
  { action, confidenceBp }: { readonly action: string; readonly confidenceBp: number },
  note: string,
): string[] {
  return [name, action, percentText(confidenceBp / 10_000, 0), note];
}

/** What the lean gear keeps of the assistants. */
function callsPart({ calls }: Detail): HTMLElement[] {
  if (calls.length === 0) return [];
  const columns = [
    { heading: 'Assistant', numeric: false },
    { heading: 'First', numeric: false },
    { heading: 'Sure', numeric: true },
    { heading: 'Last', numeric: false },
    { heading: 'Vote', numeric: false },
  ];
  const rows = calls.map(({ role, first, firstConfidenceBp, last, choice }) => [
    plainWord(role),
    stanceText(first),
    percentText(firstConfidenceBp / 10_000, 0),
    stanceText(last),
    choice ?? '—',
  ]);
  return [tableOf({ title: 'Where they stood', note: '', columns, rows })];
}

function saidPart(said: readonly Said[]): HTMLElement[] {
  const parts: HTMLElement[] = [];
  let title = '';
  for (const one of said) {
    const next = `Round ${one.round}. ${KIND_TITLES[one.kind]}`;
    if (next !== title) parts.push(make('h4', { text: next }));
    title = next;
    parts.push(utterance(one));
  }
  return parts;
}

function utterance(said: Said): HTMLElement {
  const { role, kind, content } = said;
  const who = make('p', { class: 'who', text: plainWord(role) });
  const nothing = content === null ? [make('p', { class: 'note', text: 'nothing to say' })] : [];
  return make('div', {
    class: `said ${kind}`,
    children: [who, ...nothing, ...wordsOf(said)],
  });
}

function wordsOf(said: Said): HTMLElement[] {
  if (said.content === null) return [];
  // One cast: `Said` is a row of the file, where kind and content are no longer tied together.
  const { kind, content } = said as Tied;
  switch (kind) {
    case 'opinion':
      return [standLine(content.stance, content.confidenceBp), ...content.reasons.map(reasonLine)];
    case 'revision': {
      const moved = content.movedBy === null ? 'by itself' : `by ${plainWord(content.movedBy)}`;
      const line = make('p', { class: 'note', text: `moved ${moved}` });
      const stand = standLine(content.stance, content.confidenceBp);
      return [stand, line, ...evidence(content.newEvidence), ...content.reasons.map(reasonLine)];
    }
    case 'challenge':
      return [
        make('p', { text: `To ${plainWord(content.to)}: ${content.text}` }),
        ...evidence(content.evidence),
      ];
    case 'rebuttal':
      return content.flatMap((answer) => [
        make('p', {
          text: `${answer.concedes ? 'Concedes to' : 'To'} ${plainWord(answer.to)}: ${answer.text}`,
        }),
        ...evidence(answer.evidence),
      ]);
    case 'ballot':
      return [
        make('p', {
          class: 'stand',
          text: `${content.choice}, ${percentText(content.confidenceBp / 10_000, 0)} sure`,
        }),
        make('p', { text: content.reason }),
        ...(content.veto === null
          ? []
          : [make('p', { text: `Veto (${content.veto.code}): ${content.veto.text}` })]),
        ...content.strikes.map(({ role, text }) =>
          make('p', { text: `Strikes ${plainWord(role)}: ${text}` }),
        ),
      ];
  }
}

type Tied = {
  [K in Kind]: { readonly kind: K; readonly content: NonNullable<Content[K]> };
}[Kind];

function standLine(stance: Stance, confidenceBp: number): HTMLElement {
  const text = `${stanceText(stance)}, ${percentText(confidenceBp / 10_000, 0)} sure`;
  return make('p', { class: 'stand', text });
}

/** The action on top first: `BUY 60 %, HOLD 30 %, SELL 10 %`. */
function stanceText(stance: Stance | null): string {
  if (stance === null) return '—';
  const shares: readonly (readonly [Action, number])[] = [
    ['BUY', stance.buyBp],
    ['SELL', stance.sellBp],
    ['HOLD', stance.holdBp],
  ];
  return shares
    .toSorted((one, other) => other[1] - one[1])
    .filter(([, shareBp]) => shareBp > 0)
    .map(([action, shareBp]) => `${action} ${percentText(shareBp / 10_000, 0)}`)
    .join(', ');
}

function reasonLine({ text, evidence: facts }: Reason): HTMLElement {
  return make('div', { class: 'reason', children: [make('p', { text }), ...evidence(facts)] });
}

function evidence(facts: readonly Evidence[]): HTMLElement[] {
  if (facts.length === 0) return [];
  const text = facts.map(({ fact, value }) => `${fact} = ${value}`).join('   ');
  return [make('p', { class: 'evidence', text })];
}
