import type { BulkData, Detail, PageData, PricesData, Table } from '../page-data.ts';
import { calibrationOf } from './calibration.ts';
import { Chart } from './chart.ts';
import { drawCurves } from './curve-chart.ts';
import { type DecisionList, decisionList, type Row, rowsOf } from './decisions.ts';
import { byId, make } from './dom.ts';
import { type CandleColumns, drawdownOf, placeOf } from './downsample.ts';
import { drawMarket, type Held, type Mark, type Market } from './price-chart.ts';
import { closeText, grouped, momentText, percentText, priceText } from './scale.ts';
import { tableOf } from './tables.ts';
import { startTheme } from './theme.ts';
import { decisionPage } from './transcript.ts';
import { columnOf, unpack } from './unpack.ts';
import { View } from './view.ts';

/** No chart comes closer than this many closes. */
const LEAST_CLOSES = 24;

const page = JSON.parse(byId('page').textContent ?? '') as PageData;
const charts: Chart[] = [];

function redrawAll(): void {
  for (const chart of charts) chart.redraw();
}

startTheme(byId('theme'), redrawAll);
showWords();
showTables();
void showBulk();

function showWords(): void {
  const { facts } = page;
  document.title = facts.title;
  byId('subject').textContent = facts.subject;
  byId('headline').textContent = facts.headline;
  byId('findings').append(...facts.findings.map((text) => make('p', { text })));
  byId('figures').append(
    ...facts.figures.map(({ label, value, note }) =>
      make('div', {
        children: [
          make('dt', { text: label }),
          make('dd', {
            children: [
              make('span', { class: 'value', text: value }),
              make('span', { class: 'note', text: note }),
            ],
          }),
        ],
      }),
    ),
  );
  byId('command').textContent = facts.command;
  byId('made-at').textContent = facts.madeAt;
}

function showTables(): void {
  const { facts, calibration } = page;
  const places: Readonly<Record<string, readonly (Table | null)[]>> = {
    measures: [facts.measures, facts.luck],
    arms: facts.arms,
    assistants: facts.assistants,
    verdicts: [facts.verdicts, facts.whyNoTrade],
    made: facts.made,
  };
  for (const [id, tables] of Object.entries(places)) {
    const shown = tables.filter((table) => table !== null);
    byId(`${id}-body`).append(...shown.map(tableOf));
    if (shown.length === 0) drop(id);
  }
  if (calibration.length === 0) drop('calibration');
  else byId('calibration-body').append(calibrationOf(calibration));
}

/** Takes a chapter that has nothing to say out of the page and out of its list of chapters. */
function drop(id: string): void {
  byId(id).remove();
  document.querySelector(`nav a[href="#${id}"]`)?.remove();
}

async function showBulk(): Promise<void> {
  const bulk = await unpack<BulkData>(byId('bulk').textContent ?? '');
  const times = columnOf(bulk.curve.timeMs);
  const whole = [times[0] ?? 0, times.at(-1) ?? 0] as const;
  const stepMs = (whole[1] - whole[0]) / Math.max(1, times.length - 1);
  const view = new View(whole, stepMs * LEAST_CLOSES);
  showWorth(bulk, times, view);
  const list = showDecisions(bulk);
  showPrices(bulk, view, list);
  for (const box of document.querySelectorAll<HTMLElement>('.zoom')) addZoom(box, view);
  document.documentElement.dataset['ready'] = 'yes';
}

function showWorth({ curve }: BulkData, times: Float64Array, view: View): void {
  if (times.length < 2) return drop('worth');
  const { quote, capital } = page.account;
  const equity = columnOf(curve.equity);
  const exposure = columnOf(curve.exposure);
  const hold = curve.hold === null ? null : columnOf(curve.hold);
  const held = hold === null ? [] : [{ values: hold, colour: 'muted', dashed: true } as const];
  const beside = hold === null ? '' : ', and of holding';
  const worth = new Chart({
    view,
    times,
    label: `Worth of the account in ${quote}, from ${capital}${beside}`,
    height: 300,
    draw: (pen) => drawCurves(pen, [{ values: equity, colour: 'accent' }, ...held], grouped),
    readout: (place) =>
      [
        `${closeText(times[place] as number)} UTC`,
        `${priceText(equity[place] as number)} ${quote}`,
        hold === null ? '' : `holding ${priceText(hold[place] as number)}`,
        `in the market ${percentText(exposure[place] as number, 0)}`,
      ]
        .filter((text) => text !== '')
        .join('   '),
  });
  const fall = drawdownOf(equity);
  const holdFall = hold === null ? null : drawdownOf(hold);
  const falls = [
    { values: fall, colour: 'accent', ground: 0 } as const,
    ...(holdFall === null ? [] : [{ values: holdFall, colour: 'muted', dashed: true } as const]),
  ];
  const drawdown = new Chart({
    view,
    times,
    label: 'Fall of the account from its highest worth so far',
    height: 170,
    draw: (pen) =>
      drawCurves(pen, falls, (value, places) => percentText(value, Math.max(0, places - 2))),
    readout: (place) =>
      [
        `drawdown ${percentText(fall[place] as number)}`,
        holdFall === null ? '' : `holding ${percentText(holdFall[place] as number)}`,
      ].join('   '),
  });
  charts.push(worth, drawdown);
  byId('worth-body').append(worth.element, drawdown.element);
  byId('hold-key').hidden = hold === null;
}

function showPrices(bulk: BulkData, view: View, list: DecisionList): void {
  if (bulk.prices.length === 0) return drop('prices');
  const rows = rowsOf(bulk.decisions);
  const body = byId('prices-body');
  const choice = make('select', {
    attributes: { 'aria-label': 'Which market' },
    children: bulk.prices.map(({ symbol }, index) =>
      make('option', { text: symbol, attributes: { value: String(index) } }),
    ),
  });
  if (bulk.prices.length > 1) byId('prices-choice').append(choice);
  let shown: Chart | null = null;
  const show = (index: number): void => {
    const prices = bulk.prices[index];
    if (prices === undefined) return;
    if (shown !== null) charts.splice(charts.indexOf(shown), 1);
    shown = priceChart(prices, { bulk, view, rows, list });
    charts.push(shown);
    body.replaceChildren(shown.element);
  };
  choice.addEventListener('change', () => show(Number(choice.value)));
  show(0);
}

interface PriceSetting {
  readonly bulk: BulkData;
  readonly view: View;
  readonly rows: readonly Row[];
  readonly list: DecisionList;
}

function priceChart(prices: PricesData, { bulk, view, rows, list }: PriceSetting): Chart {
  const { symbol } = prices;
  const candles = {
    timeMs: columnOf(prices.openTimeMs),
    open: columnOf(prices.open),
    high: columnOf(prices.high),
    low: columnOf(prices.low),
    close: columnOf(prices.close),
  };
  const market = marketOf(symbol, candles, bulk);
  const { timeMs: times } = candles;
  const own = rows.filter((row) => row.symbol === symbol);
  const closes = Float64Array.from(own, (row) => row.timeMs);
  return new Chart({
    view,
    times,
    label: `Price of ${symbol} with ${market.marks.length} fills on it`,
    height: 420,
    draw: (pen) => drawMarket(pen, market),
    readout: (place) => candleText(candles, place),
    choose: (place) => {
      // The decision that was newest when this candle closed.
      const next = times[place + 1] ?? Number.POSITIVE_INFINITY;
      const row = own[Math.max(0, placeOf(closes, next) - 1)];
      if (row === undefined) return;
      list.open(row.index);
      byId('decisions').scrollIntoView();
    },
  });
}

function candleText({ timeMs, open, high, low, close }: CandleColumns, place: number): string {
  const figures = [open, high, low, close].map((column) => priceText(column[place] as number));
  const named = ['O', 'H', 'L', 'C'].map((letter, at) => `${letter} ${figures[at]}`);
  return [`${momentText(timeMs[place] as number)} UTC`, ...named].join('   ');
}

/** A fill belongs to the candle in which it happened. */
function marketOf(symbol: string, candles: CandleColumns, { fills, trades }: BulkData): Market {
  const at = (timeMs: number) =>
    Math.min(candles.timeMs.length - 1, Math.max(0, placeOf(candles.timeMs, timeMs + 1) - 1));
  const marks: Mark[] = fills
    .filter((fill) => fill.symbol === symbol)
    .map(({ side, purpose, timeMs, price }) => ({
      place: at(timeMs),
      price: Number(price),
      kind: side === 'BUY' ? 'entry' : purpose === 'stop' ? 'stop' : 'exit',
    }));
  const held: Held[] = trades
    .filter((trade) => trade.symbol === symbol)
    .map(({ openedAtMs, closedAtMs, entryPrice, exitPrice }) => ({
      from: at(openedAtMs),
      to: closedAtMs === null ? candles.timeMs.length - 1 : at(closedAtMs),
      entry: Number(entryPrice),
      exit: Number(exitPrice),
    }));
  return { candles, marks, held };
}

function showDecisions(bulk: BulkData): DecisionList {
  const rows = rowsOf(bulk.decisions);
  const pane = byId('opened');
  const orders = Map.groupBy(bulk.orders, (order) => `${order.symbol} ${order.decidedAtMs}`);
  let newest = -1;
  const open = async (row: Row): Promise<void> => {
    newest = row.index;
    const detail = await detailOf(row.index);
    if (newest !== row.index) return;
    const own = orders.get(`${row.symbol} ${row.timeMs}`) ?? [];
    pane.replaceChildren(...decisionPage({ row, detail, orders: own, gear: page.gear }));
    pane.scrollTop = 0;
  };
  const list = decisionList(rows, (row) => void open(row));
  byId('finder').replaceWith(list.element);
  if (rows.length === 0) drop('decisions');
  return list;
}

const pieces = new Map<number, Promise<readonly (Detail | null)[]>>();

/** Details lie in the page packed, many to a piece; a piece is unpacked when one of it is read. */
async function detailOf(index: number): Promise<Detail | null> {
  if (!page.hasDetails) return null;
  const number = Math.floor(index / page.detailsInPiece);
  const known = pieces.get(number);
  const piece = known ?? unpack<readonly (Detail | null)[]>(byId(`d${number}`).textContent ?? '');
  pieces.set(number, piece);
  return (await piece)[index % page.detailsInPiece] ?? null;
}

function addZoom(box: HTMLElement, view: View): void {
  const buttons: readonly (readonly [string, string, () => void])[] = [
    ['−', 'Show more time', () => view.zoom(1.6)],
    ['+', 'Show less time', () => view.zoom(1 / 1.6)],
    ['‹', 'Earlier', () => view.pan(-0.5)],
    ['›', 'Later', () => view.pan(0.5)],
    ['All', 'Show everything', () => view.showAll()],
  ];
  for (const [text, label, act] of buttons) {
    const button = make('button', { text, attributes: { type: 'button', 'aria-label': label } });
    button.addEventListener('click', act);
    box.append(button);
  }
}
