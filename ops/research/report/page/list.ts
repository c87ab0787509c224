import { make } from './dom.ts';

const ROW_HEIGHT = 36;
/** Rows drawn beyond both edges, so that fast scrolling shows no gap. */
const BEYOND = 8;
const PAGE = 10;

export interface ListParts {
  readonly label: string;
  /** Cells of one item; the list adds place, choice and roles. */
  row(item: number): HTMLElement;
  onChoose(item: number): void;
}

/** A list of any length of which only what is in sight is in the page. One row is active (keys move
 * it), one is chosen (Enter or click). */
export class VirtualList {
  readonly element: HTMLElement;
  readonly #parts: ListParts;
  readonly #rows: HTMLElement;
  #items: readonly number[] = [];
  #active = 0;
  #chosen: number | null = null;

  constructor(parts: ListParts) {
    this.#parts = parts;
    this.#rows = make('div', { class: 'rows', attributes: { role: 'presentation' } });
    const attributes = { tabindex: '0', role: 'listbox', 'aria-label': parts.label };
    this.element = make('div', { class: 'list', attributes, children: [this.#rows] });
    this.element.addEventListener('scroll', () => this.#paint());
    this.element.addEventListener('keydown', (event) => this.#onKey(event));
    this.element.addEventListener('click', (event) => {
      const row = event.target instanceof Element ? event.target.closest('[data-place]') : null;
      if (row instanceof HTMLElement) this.choose(Number(row.dataset['place']));
    });
    new ResizeObserver(() => this.#paint()).observe(this.element);
  }

  /** Shows other items, from the top. */
  show(items: readonly number[]): void {
    this.#items = items;
    this.#active = Math.max(0, this.#chosen === null ? 0 : items.indexOf(this.#chosen));
    this.#rows.style.height = `${items.length * ROW_HEIGHT}px`;
    this.element.scrollTop = 0;
    this.#paint();
  }

  /** Chooses the item at a place of the list. */
  choose(place: number): void {
    const item = this.#items[place];
    if (item === undefined) return;
    this.#active = place;
    this.#chosen = item;
    this.#reveal();
    this.#paint();
    this.#parts.onChoose(item);
  }

  chooseItem(item: number): void {
    this.choose(this.#items.indexOf(item));
  }

  #reveal(): void {
    const top = this.#active * ROW_HEIGHT;
    const { scrollTop, clientHeight } = this.element;
    const bottom = top + ROW_HEIGHT - clientHeight;
    if (top < scrollTop - clientHeight || bottom > scrollTop + clientHeight) {
      // Far away: into the middle, so that its neighbours are seen.
      this.element.scrollTop = (top + bottom) / 2;
    } else if (top < scrollTop) this.element.scrollTop = top;
    else if (bottom > scrollTop) this.element.scrollTop = bottom;
  }

  #onKey(event: KeyboardEvent): void {
    const moves: Readonly<Record<string, number>> = {
      ArrowDown: this.#active + 1,
      ArrowUp: this.#active - 1,
      PageDown: this.#active + PAGE,
      PageUp: this.#active - PAGE,
      Home: 0,
      End: this.#items.length - 1,
    };
    const to = moves[event.key];
    if (to === undefined && event.key !== 'Enter') return;
    event.preventDefault();
    if (to === undefined) return this.choose(this.#active);
    this.#active = Math.min(this.#items.length - 1, Math.max(0, to));
    this.#reveal();
    this.#paint();
  }

  #paint(): void {
    const { scrollTop, clientHeight } = this.element;
    const first = Math.max(0, Math.floor(scrollTop / ROW_HEIGHT) - BEYOND);
    const end = Math.min(
      this.#items.length,
      Math.ceil((scrollTop + clientHeight) / ROW_HEIGHT) + BEYOND,
    );
    const rows: HTMLElement[] = [];
    for (let place = first; place < end; place += 1) rows.push(this.#rowAt(place));
    this.#rows.replaceChildren(...rows);
    if (this.#items.length === 0) this.element.removeAttribute('aria-activedescendant');
    else this.element.setAttribute('aria-activedescendant', `row-${this.#active}`);
  }

  #rowAt(place: number): HTMLElement {
    const item = this.#items[place] as number;
    const row = this.#parts.row(item);
    row.id = `row-${place}`;
    row.dataset['place'] = String(place);
    row.classList.add('row');
    row.classList.toggle('active', place === this.#active);
    row.setAttribute('role', 'option');
    row.setAttribute('aria-selected', String(item === this.#chosen));
    row.setAttribute('aria-setsize', String(this.#items.length));
    row.setAttribute('aria-posinset', String(place + 1));
    row.style.top = `${place * ROW_HEIGHT}px`;
    return row;
  }
}
