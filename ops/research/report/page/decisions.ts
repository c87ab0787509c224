import type { DecisionsData } from '../page-data.ts';
import { make, plainWord } from './dom.ts';
import { VirtualList } from './list.ts';
import { closeText, grouped, percentText } from './scale.ts';
import { columnOf, textAt } from './unpack.ts';

/** One decision as the list has it. */
export interface Row {
  readonly index: number;
  readonly timeMs: number;
  readonly symbol: string;
  readonly action: string;
  readonly confidence: number;
  readonly outcome: string;
  readonly verdict: string;
  readonly trigger: string;
  readonly why: string;
}

export function rowsOf(decisions: DecisionsData): Row[] {
  const times = columnOf(decisions.timeMs);
  const confidences = columnOf(decisions.confidenceBp);
  return Array.from(times, (timeMs, index) => ({
    index,
    timeMs,
    symbol: textAt(decisions.symbol, index),
    action: textAt(decisions.action, index),
    confidence: (confidences[index] as number) / 10_000,
    outcome: plainWord(textAt(decisions.outcome, index)),
    verdict: plainWord(textAt(decisions.verdict, index)),
    trigger: plainWord(textAt(decisions.trigger, index)),
    why: textAt(decisions.why, index),
  }));
}

/** What is looked for among the decisions. Empty texts leave everything in. */
export interface Wanted {
  readonly words: string;
  readonly symbol: string;
  readonly action: string;
  readonly outcome: string;
}

/** Every word must be somewhere in the row. */
export function matches(row: Row, { words, symbol, action, outcome }: Wanted): boolean {
  if (symbol !== '' && row.symbol !== symbol) return false;
  if (action !== '' && row.action !== action) return false;
  if (outcome !== '' && row.outcome !== outcome) return false;
  if (words === '') return true;
  const text = [closeText(row.timeMs), row.symbol, row.action, row.outcome, row.verdict]
    .concat(row.trigger, row.why)
    .join(' ')
    .toLowerCase();
  return words.split(/\s+/).every((word) => text.includes(word));
}

export interface DecisionList {
  readonly element: HTMLElement;
  /** Clears what hides it, and chooses it. */
  open(index: number): void;
}

export function decisionList(rows: readonly Row[], onChoose: (row: Row) => void): DecisionList {
  const several = new Set(rows.map(({ symbol }) => symbol)).size > 1;
  const list = new VirtualList({
    label: 'Decisions, oldest first',
    row: (item) => rowElement(rows[item] as Row, several),
    onChoose: (item) => onChoose(rows[item] as Row),
  });
  const count = make('output', { class: 'count', attributes: { 'aria-live': 'polite' } });
  const search = make('input', {
    attributes: { type: 'search', placeholder: 'Search', 'aria-label': 'Search decisions' },
  });
  const symbol = several ? choiceOf('All symbols', rows, (row) => row.symbol) : null;
  const action = choiceOf('All actions', rows, (row) => row.action);
  const outcome = choiceOf('All outcomes', rows, (row) => row.outcome);
  const update = (): void => {
    const wanted = {
      words: search.value.trim().toLowerCase(),
      symbol: symbol?.value ?? '',
      action: action.value,
      outcome: outcome.value,
    };
    const left = rows.filter((row) => matches(row, wanted)).map(({ index }) => index);
    count.textContent = `${grouped(left.length, 0)} of ${grouped(rows.length, 0)}`;
    list.show(left);
  };
  const filters = [search, symbol, action, outcome];
  for (const filter of filters) filter?.addEventListener('input', update);
  update();
  const open = (index: number): void => {
    for (const filter of filters) if (filter !== null) filter.value = '';
    update();
    list.chooseItem(index);
  };
  const bar = make('div', { class: 'filters', children: [...filters, count] });
  return { element: make('div', { class: 'finder', children: [bar, list.element] }), open };
}

function choiceOf(all: string, rows: readonly Row[], of: (row: Row) => string): HTMLSelectElement {
  const values = [...new Set(rows.map(of))].sort();
  const options = values.map((text) => make('option', { text, attributes: { value: text } }));
  return make('select', {
    attributes: { 'aria-label': all },
    children: [make('option', { text: all, attributes: { value: '' } }), ...options],
  });
}

function rowElement(row: Row, several: boolean): HTMLElement {
  const act = make('span', { class: `action ${row.action.toLowerCase()}`, text: row.action });
  return make('div', {
    children: [
      make('span', { class: 'when', text: closeText(row.timeMs) }),
      several ? make('span', { class: 'symbol', text: row.symbol }) : null,
      act,
      make('span', { class: 'sure', text: percentText(row.confidence, 0) }),
      make('span', { class: 'what', text: row.outcome }),
      make('span', { class: 'why', text: row.why }),
    ],
  });
}
