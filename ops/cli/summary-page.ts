import type { Summary } from '../ring/summary.ts';
import { shortDecimal } from './table.ts';

const ENDED = {
  tape: 'the tape came to its end',
  decisions: 'as many decisions as asked for',
  interrupted: 'it was interrupted',
} as const satisfies Record<Summary['ended'], string>;

/** A run on one page. */
export function summaryPage(summary: Summary): string {
  const { candles, motions, debates, contested, seconds } = summary;
  const rate = seconds > 0 ? ` (${(summary.decisions / seconds).toFixed(1)} a second)` : '';
  const before =
    summary.decidedBefore > 0 ? `, ${summary.decidedBefore} more decided by an earlier run` : '';
  const books = summary.books.flatMap(({ username, equity, positions, balances }) => [
    row(`books of ${username}`, `equity ${listOf(equity, 2)}; balances ${listOf(balances)}`),
    ...positions
      .filter((position) => position.quantity !== '0')
      .map(({ symbol, quantity }) => row('', `holds ${shortDecimal(quantity)} of ${symbol}`)),
  ]);
  return [
    '',
    `The ring stopped: ${ENDED[summary.ended]}.`,
    row('candles', `${candles}, in ${seconds} s`),
    row('motions', `${motions} put, ${debates} debates, ${contested} contested${before}`),
    row('decisions', `${summary.decisions}${rate}: ${listOf(summary.verdicts)}`),
    row('actions', listOf(summary.actions)),
    row('no trade because', listOf(summary.whyNoTrade)),
    row('questions', listOf(summary.escalations)),
    row('orders', `${listOf(summary.orders)}; ${summary.fills} fills booked`),
    ...books,
    row(
      'ledger',
      summary.ledgerEqualsVenue ? "equal to the venue's account" : 'DIFFERS from the venue',
    ),
    row('decision chain', `${summary.chain.length} links, head ${summary.chain.head}`),
    ...summary.hindsight.map((words) => `\n  ${words}`),
  ].join('\n');
}

function row(heading: string, text: string): string {
  return `  ${heading.padEnd(18)} ${text}`;
}

function listOf(counts: Readonly<Record<string, number | string>>, places = 8): string {
  const parts = Object.entries(counts).map(([name, value]) =>
    typeof value === 'number'
      ? `${value} ${name.replaceAll('_', ' ')}`
      : `${shortDecimal(value, places)} ${name}`,
  );
  return parts.length === 0 ? 'none' : parts.join(', ');
}
