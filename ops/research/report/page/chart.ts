import { make } from './dom.ts';
import { placeOf } from './downsample.ts';
import { placesFor, ticksOf, timeTicks } from './scale.ts';
import type { View } from './view.ts';

/** What a chart is drawn with: its colours come from the style sheet, so both themes are there. */
export interface Palette {
  readonly ink: string;
  readonly muted: string;
  readonly line: string;
  readonly accent: string;
  readonly second: string;
  readonly paper: string;
}

export interface Area {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Handed to whoever draws the inside of a chart. */
export interface Pen {
  readonly context: CanvasRenderingContext2D;
  readonly palette: Palette;
  readonly area: Area;
  /** Places of the first and the last candle in sight, exclusive at the end. */
  readonly first: number;
  readonly end: number;
  /** Middle of a place, CSS pixels. */
  x(place: number): number;
  /** Chooses the scale, draws its lines and labels, and returns where a value stands. */
  scale(low: number, high: number, label: (value: number, places: number) => string): Height;
}

export type Height = (value: number) => number;

export interface ChartParts {
  readonly view: View;
  /** One place after the other along the axis: nights and holes take no room. */
  readonly times: Float64Array;
  readonly label: string;
  readonly height: number;
  draw(pen: Pen): void;
  /** One line about a place; the newest in sight when nothing is pointed at. */
  readout(place: number): string;
  /** A place was clicked or chosen by Enter. */
  choose?(place: number): void;
}

const AXIS = { right: 76, bottom: 24, top: 8 } as const;
const FONT = '11px ui-sans-serif, system-ui, sans-serif';

/** A canvas over time that is moved by dragging, by the wheel and by keys. */
export class Chart {
  readonly element: HTMLElement;
  readonly #parts: ChartParts;
  readonly #canvas: HTMLCanvasElement;
  readonly #readout: HTMLElement;
  #pointed: number | null = null;
  #asked = false;

  constructor(parts: ChartParts) {
    this.#parts = parts;
    const attributes = { tabindex: '0', role: 'application', 'aria-label': parts.label };
    this.#canvas = make('canvas', { class: 'chart', attributes });
    this.#canvas.style.height = `${parts.height}px`;
    this.#readout = make('p', { class: 'readout' });
    this.element = make('div', { class: 'plot', children: [this.#readout, this.#canvas] });
    parts.view.onChange(() => this.redraw());
    new ResizeObserver(() => this.redraw()).observe(this.#canvas);
    this.#listen();
  }

  /** Soon, and once however often it is asked for. */
  redraw(): void {
    if (this.#asked) return;
    this.#asked = true;
    requestAnimationFrame(() => this.paint());
  }

  paint(): void {
    this.#asked = false;
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    const context = this.#canvas.getContext('2d');
    if (context === null || width === 0) return;
    const sharpness = window.devicePixelRatio || 1;
    this.#canvas.width = Math.round(width * sharpness);
    this.#canvas.height = Math.round(height * sharpness);
    context.scale(sharpness, sharpness);
    context.font = FONT;
    const pen = this.#pen(context, paletteNow());
    drawTimes(pen, this.#parts.times);
    this.#parts.draw(pen);
    this.#drawPointer(pen);
    const shown = this.#pointed ?? pen.end - 1;
    this.#readout.textContent = pen.end > pen.first ? this.#parts.readout(shown) : '';
  }

  #area(): Area {
    const { clientWidth, clientHeight } = this.#canvas;
    const width = Math.max(1, clientWidth - AXIS.right);
    return { left: 0, top: AXIS.top, width, height: clientHeight - AXIS.top - AXIS.bottom };
  }

  /** Places in sight, with fractions. */
  #range(): readonly [number, number] {
    const { times, view } = this.#parts;
    return [fractionalPlace(times, view.fromMs) - 0.5, fractionalPlace(times, view.toMs) + 0.5];
  }

  #pen(context: CanvasRenderingContext2D, palette: Palette): Pen {
    const area = this.#area();
    const [from, to] = this.#range();
    return {
      context,
      palette,
      area,
      first: Math.max(0, Math.floor(from + 0.5)),
      end: Math.min(this.#parts.times.length, Math.ceil(to + 0.5)),
      x: (place) => area.left + ((place - from) / (to - from)) * area.width,
      scale: (low, high, label) => drawScale({ context, palette, area }, [low, high], label),
    };
  }

  #drawPointer({ context, palette, area, x }: Pen): void {
    if (this.#pointed === null) return;
    context.strokeStyle = palette.muted;
    context.lineWidth = 1;
    context.setLineDash([3, 3]);
    context.beginPath();
    const at = Math.round(x(this.#pointed)) + 0.5;
    context.moveTo(at, area.top);
    context.lineTo(at, area.top + area.height);
    context.stroke();
    context.setLineDash([]);
  }

  #placeAt(clientX: number): number {
    const { left, width } = this.#area();
    const [from, to] = this.#range();
    const x = clientX - this.#canvas.getBoundingClientRect().left - left;
    const place = Math.round(from + (x / width) * (to - from));
    return Math.min(this.#parts.times.length - 1, Math.max(0, place));
  }

  #listen(): void {
    const canvas = this.#canvas;
    const { view, times, choose } = this.#parts;
    let grip: { readonly x: number; moved: boolean } | null = null;
    canvas.addEventListener('pointerdown', (event) => {
      grip = { x: event.clientX, moved: false };
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener('pointermove', (event) => {
      this.#pointed = this.#placeAt(event.clientX);
      if (grip !== null && Math.abs(event.clientX - grip.x) > 2) {
        view.pan((grip.x - event.clientX) / this.#area().width);
        grip = { x: event.clientX, moved: true };
      } else this.redraw();
    });
    canvas.addEventListener('pointerup', () => {
      if (grip?.moved === false && this.#pointed !== null) choose?.(this.#pointed);
      grip = null;
    });
    canvas.addEventListener('pointerleave', () => this.#point(null));
    canvas.addEventListener('blur', () => this.#point(null));
    canvas.addEventListener('dblclick', () => view.showAll());
    const onWheel = (event: WheelEvent): void => {
      // A page that is scrolled past a chart must not get stuck in it.
      if (document.activeElement !== canvas && !event.ctrlKey) return;
      event.preventDefault();
      view.zoom(1.0015 ** event.deltaY, times[this.#placeAt(event.clientX)]);
    };
    canvas.addEventListener('wheel', onWheel, { passive: false });
    canvas.addEventListener('keydown', (event) => this.#onKey(event));
  }

  #point(place: number | null): void {
    this.#pointed = place;
    this.redraw();
  }

  #onKey(event: KeyboardEvent): void {
    const { view, choose } = this.#parts;
    const { first, end } = this.#pen(this.#canvas.getContext('2d') as never, paletteNow());
    const step = (by: number) => () => {
      const from = this.#pointed ?? (by > 0 ? first - 1 : end);
      this.#point(Math.min(end - 1, Math.max(first, from + by)));
    };
    const acts: Readonly<Record<string, () => void>> = {
      ArrowLeft: event.shiftKey ? step(-1) : () => view.pan(-0.1),
      ArrowRight: event.shiftKey ? step(1) : () => view.pan(0.1),
      '+': () => view.zoom(0.7),
      '=': () => view.zoom(0.7),
      '-': () => view.zoom(1 / 0.7),
      Home: () => view.showAll(),
      Enter: () => this.#pointed !== null && choose?.(this.#pointed),
    };
    const act = acts[event.key];
    if (act === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  }
}

/** The colours of the theme that is on. */
function paletteNow(): Palette {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    ink: colour('ink'),
    muted: colour('muted'),
    line: colour('line'),
    accent: colour('accent'),
    second: colour('second'),
    paper: colour('paper'),
  };
}

/** Where a time falls between the places. */
function fractionalPlace(times: Float64Array, timeMs: number): number {
  const next = placeOf(times, timeMs);
  if (next === 0) return 0;
  if (next === times.length) return times.length - 1;
  const [before, after] = [times[next - 1] as number, times[next] as number];
  return next - 1 + (timeMs - before) / (after - before);
}

function drawTimes({ context, palette, area, first, end, x }: Pen, times: Float64Array): void {
  if (end <= first) return;
  const count = Math.max(2, Math.floor(area.width / 110));
  context.fillStyle = palette.muted;
  context.textAlign = 'center';
  context.textBaseline = 'alphabetic';
  let edge = area.left;
  const [fromMs, toMs] = [times[first] as number, times[end - 1] as number];
  for (const { timeMs, text } of timeTicks(fromMs, toMs, count)) {
    const middle = x(placeOf(times, timeMs));
    const half = context.measureText(text).width / 2;
    // Over a weekend several round times fall on one place.
    if (middle - half < edge || middle + half > area.left + area.width + 20) continue;
    context.fillText(text, middle, area.top + area.height + 18);
    edge = middle + half + 16;
  }
}

interface Ground {
  readonly context: CanvasRenderingContext2D;
  readonly palette: Palette;
  readonly area: Area;
}

function drawScale(
  { context, palette, area }: Ground,
  [least, most]: readonly [number, number],
  label: (value: number, places: number) => string,
): Height {
  const flat = most - least <= Math.abs(most) * 1e-9;
  const margin = flat ? Math.abs(most) * 0.01 || 1 : (most - least) * 0.06;
  const [low, high] = [least - margin, most + margin];
  const height: Height = (value) =>
    area.top + area.height - ((value - low) / (high - low)) * area.height;
  const ticks = ticksOf(low, high, Math.max(2, Math.floor(area.height / 38)));
  const places = placesFor((ticks[1] ?? 1) - (ticks[0] ?? 0));
  context.strokeStyle = palette.line;
  context.lineWidth = 1;
  context.fillStyle = palette.muted;
  context.textAlign = 'left';
  context.textBaseline = 'middle';
  for (const tick of ticks) {
    const y = Math.round(height(tick)) + 0.5;
    context.beginPath();
    context.moveTo(area.left, y);
    context.lineTo(area.left + area.width, y);
    context.stroke();
    context.fillText(label(tick, places), area.left + area.width + 8, y);
  }
  return height;
}
