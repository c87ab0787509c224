import type { Trade } from '../../../core/backtest/result.ts';
import { factsOf } from './facts.ts';
import type { ReportInput } from './input.ts';
import { closeText, priceText } from './page/scale.ts';
import type { CalibrationCurve, Table } from './page-data.ts';
import { calibrationCurves } from './scores.ts';
import { moneyOf, numberOf, percentOf, plain, signedPercent } from './words.ts';

/** A table of more trades than this is no longer read; the other two forms have them all. */
const MOST_TRADES = 200;

/** The report as text, for a repository or a terminal. */
export function renderMarkdown(input: ReportInput): string {
  const facts = factsOf(input);
  const { result, assessment } = input;
  const chapters: readonly (readonly [string, readonly string[]])[] = [
    ['Measures', [tableText(facts.measures), tableText(facts.luck)]],
    ['Against the other arms', facts.arms.map(tableText)],
    ['Assistants', facts.assistants.map(tableText)],
    ['Calibration', calibrationCurves(assessment).slice(0, 1).map(calibrationText)],
    [
      'Verdicts, and why no trade',
      [facts.verdicts, facts.whyNoTrade].filter((table) => table !== null).map(tableText),
    ],
    ['Trades', tradesText(result.trades)],
    ['How it was made', [...facts.made.map(tableText), commandText(facts.command)]],
  ];
  const body = chapters.filter(([, parts]) => parts.length > 0);
  const opening = [
    `# ${escaped(facts.headline)}`,
    escaped(facts.subject),
    ...facts.findings.map(escaped),
    facts.figures
      .map(
        ({ label, value, note }) => `- ${escaped(label)}: **${escaped(value)}** (${escaped(note)})`,
      )
      .join('\n'),
  ];
  const closing = `Made ${escaped(facts.madeAt)}. ${decisionsText(result.decisions.length)}`;
  const text = body.flatMap(([title, parts]) => [`## ${title}`, ...parts]);
  return `${[...opening, ...text, closing].join('\n\n')}\n`;
}

function decisionsText(count: number): string {
  const each = count === 1 ? 'decision is' : 'decisions are';
  return `The ${numberOf(count, 0)} ${each} in the HTML and JSON forms of this report.`;
}

/** Columns are padded so that the text reads as a table without being rendered. */
function tableText({ title, note, columns, rows }: Table): string {
  const grid = [columns.map(({ heading }) => heading), ...rows].map((row) => row.map(escaped));
  const widths = columns.map((_, at) =>
    grid.reduce((most, row) => Math.max(most, row[at]?.length ?? 0), 3),
  );
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const padded = grid.map((row) =>
    line(
      columns.map(({ numeric }, at) => {
        const text = row[at] ?? '';
        return numeric ? text.padStart(widths[at] ?? 0) : text.padEnd(widths[at] ?? 0);
      }),
    ),
  );
  const rule = line(
    columns.map(({ numeric }, at) => {
      const dashes = '-'.repeat((widths[at] ?? 3) - 1);
      return numeric ? `${dashes}:` : `-${dashes}`;
    }),
  );
  const text = [padded[0] ?? '', rule, ...padded.slice(1)].join('\n');
  return [title === '' ? '' : `### ${escaped(title)}`, escaped(note), text]
    .filter((part) => part !== '')
    .join('\n\n');
}

function calibrationText({ name, bins }: CalibrationCurve): string {
  return tableText({
    title: `Of ${name}`,
    note: 'Of all stances whose top share was about so large, how many came true.',
    columns: ['Said', 'Came', '95 % interval', 'Times'].map((heading) => ({
      heading,
      numeric: true,
    })),
    rows: bins.map(({ said, came, low, high, count }) => [
      percentOf(said, 1),
      percentOf(came, 1),
      `${percentOf(low, 0)} … ${percentOf(high, 0)}`,
      numberOf(count, 0),
    ]),
  });
}

function tradesText(trades: readonly Trade[]): string[] {
  if (trades.length === 0) return [];
  const shown = trades.slice(0, MOST_TRADES);
  const left = trades.length - shown.length;
  const table = tableText({
    title: '',
    note: left > 0 ? `The first ${MOST_TRADES} of ${numberOf(trades.length, 0)}.` : '',
    columns: [
      { heading: 'Symbol', numeric: false },
      { heading: 'Opened, UTC', numeric: false },
      { heading: 'Closed, UTC', numeric: false },
      { heading: 'Quantity', numeric: true },
      { heading: 'Entry', numeric: true },
      { heading: 'Exit', numeric: true },
      { heading: 'Profit', numeric: true },
      { heading: 'Return', numeric: true },
      { heading: 'Ended by', numeric: false },
    ],
    rows: shown.map((trade) => [
      trade.symbol,
      closeText(trade.openedAtMs),
      trade.closedAtMs === null ? 'still open' : closeText(trade.closedAtMs),
      trade.quantity,
      priceText(Number(trade.entryPrice)),
      priceText(Number(trade.exitPrice)),
      moneyOf(trade.profit),
      signedPercent(trade.return),
      plain(trade.endedBy),
    ]),
  });
  return [table];
}

/** Fenced by more backticks than stand in it. */
function commandText(command: string): string {
  const runs = [...command.matchAll(/`+/g)].map(([run]) => run.length);
  const fence = '`'.repeat(Math.max(3, ...runs.map((length) => length + 1)));
  return `${fence}sh\n${command}\n${fence}`;
}

/** Text that Markdown must take as text: a strategy's name may hold anything. */
export function escaped(text: string): string {
  return text
    .replace(/[\\`*_[\]<>|#~]/g, '\\$&')
    .replaceAll('&', '&amp;')
    .replaceAll('\u00a0', ' ')
    .replace(/[\r\n\u2028\u2029]+/g, ' ');
}
