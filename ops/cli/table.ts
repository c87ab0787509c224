import { printable } from './printable.ts';

/** One column of a printed list: its heading, how a row's cell reads, and which side it hangs
 * on. */
export interface Column<Row> {
  readonly heading: string;
  readonly cell: (row: Row) => string;
  readonly align?: 'left' | 'right';
}

/** A list as aligned text, one line a row; `empty` when there is none. */
export function table<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  empty: string,
): string {
  if (rows.length === 0) return empty;
  const cells = rows.map((row) => columns.map((column) => printable(column.cell(row))));
  const widths = columns.map((column, at) =>
    Math.max(column.heading.length, ...cells.map((line) => (line[at] ?? '').length)),
  );
  const line = (parts: readonly string[]): string =>
    parts
      .map((part, at) => {
        const width = widths[at] ?? 0;
        return columns[at]?.align === 'right' ? part.padStart(width) : part.padEnd(width);
      })
      .join('  ')
      .trimEnd();
  return [line(columns.map((column) => column.heading)), ...cells.map(line)].join('\n');
}

/** `2024-08-05 06:05` of Unix milliseconds, UTC. */
export function clockText(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 16).replace('T', ' ');
}

/** A decimal string without trailing zeros, cut (not rounded) to `places` decimals for the eye. */
export function shortDecimal(amount: string, places = 8): string {
  if (!amount.includes('.')) return amount;
  const [whole = '0', fraction = ''] = amount.split('.');
  const kept = fraction.slice(0, places).replace(/0+$/, '');
  if (kept === '') return whole === '-0' ? '0' : whole;
  return `${whole}.${kept}`;
}
