import { isTimeframe, TIMEFRAMES, type Timeframe } from './candle.ts';
import { type CandleReport, FindingList, holesOf } from './candle-report.ts';
import {
  type CandleFaultCode,
  CandleFileFault,
  type Dialect,
  detectDialect,
  parseRow,
} from './candle-row.ts';
import { type CandleSeries, RowStore } from './candle-series.ts';
import { AbsurdPrints, REMEMBERED_STEPS } from './prints.ts';

/** A whole file, believed. */
export interface CandleFile {
  readonly timeframe: Timeframe;
  readonly series: CandleSeries;
  readonly report: CandleReport;
}

export interface CandleFileOptions {
  /** What the caller says; it stands unless the file itself states another. */
  readonly timeframe?: Timeframe | undefined;
  /** What the file's name says; it must agree with what the rows show. */
  readonly namedTimeframe?: Timeframe | undefined;
}

/** Reads one candle file line by line; no I/O of its own.
 *
 * What is refused (a `CandleFileFault`, nothing kept): every malformed row, two different rows for
 * one time, an open time that is no multiple of the timeframe. What is reported and survived: rows
 * out of order (sorted), rows repeated digit for digit (dropped), holes, absurd prints, digits
 * beyond what a double carries (rounded). Blank lines may only end the file. */
export class CandleFileReader {
  readonly #options: CandleFileOptions;
  readonly #rows = new RowStore();
  readonly #outOfOrder = new FindingList();
  readonly #repeats = new FindingList();
  #dialect: Dialect | null = null;
  #firstRowLine = 1;
  #line = 0;
  #blankLine: number | null = null;
  /** Close minus open time plus one of the first row, where the dialect states it. */
  #statedLengthMs: number | null = null;
  #rounded = 0;

  constructor(options: CandleFileOptions = {}) {
    this.#options = options;
  }

  /** The next line, without its line end. Throws `CandleFileFault`. */
  line(text: string): void {
    this.#line += 1;
    const clean = this.#line === 1 ? text.replace(/^\uFEFF/, '') : text;
    if (clean.trim() === '') {
      this.#blankLine ??= this.#line;
      return;
    }
    if (this.#blankLine !== null) throw blankLine(this.#blankLine);
    if (this.#dialect === null) {
      const { dialect, isHeader } = detectDialect(clean);
      this.#dialect = dialect;
      this.#firstRowLine = isHeader ? 2 : 1;
      if (isHeader) return;
    }
    this.#row(clean, this.#dialect);
  }

  #row(text: string, dialect: Dialect): void {
    const { row, closeTimeMs, rounded } = parseRow(text, this.#line, dialect);
    if (closeTimeMs !== null) this.#checkLength(row.openTimeMs, closeTimeMs, dialect);
    if (rounded) this.#rounded += 1;
    const last = this.#rows.length - 1;
    if (last >= 0 && row.openTimeMs < this.#rows.timeAt(last)) {
      const text = `before the row above it (${iso(this.#rows.timeAt(last))})`;
      this.#outOfOrder.add({ line: this.#line, openTimeMs: row.openTimeMs, text });
    }
    this.#rows.push(row);
  }

  #checkLength(openTimeMs: number, closeTimeMs: number, dialect: Dialect): void {
    const lengthMs = closeTimeMs - openTimeMs + 1;
    this.#statedLengthMs ??= lengthMs;
    const isFirst = this.#rows.length === 0;
    if (lengthMs === this.#statedLengthMs && (!isFirst || timeframeOf(lengthMs) !== null)) return;
    const place = dialect.closeTime ?? 0;
    throw new CandleFileFault({
      code: isFirst ? 'unknown_timeframe' : 'bad_close_time',
      line: this.#line,
      column: `${dialect.names[place]} (${place + 1})`,
      expected: isFirst
        ? `open time plus one of ${Object.keys(TIMEFRAMES).join(', ')}, less 1 ms`
        : `open time + ${this.#statedLengthMs - 1} ms, as in line ${this.#firstRowLine}`,
      found: `open time + ${lengthMs - 1} ms`,
    });
  }

  /** Everything the file held. Throws `CandleFileFault`. */
  finish(): CandleFile {
    if (this.#rows.length === 0) {
      const found = this.#dialect === null ? 'an empty file' : 'only a header';
      const expected = 'at least one row';
      throw new CandleFileFault({ code: 'empty_file', line: null, column: null, expected, found });
    }
    const kept = this.#withoutRepeats(this.#inOrder());
    const timeframe = this.#timeframe(kept);
    this.#checkAlignment(kept, timeframe);
    const series = this.#rows.series(kept, TIMEFRAMES[timeframe]);
    const report = {
      rows: this.#rows.length,
      candles: kept.length,
      firstMs: this.#rows.timeAt(kept[0] as number),
      lastMs: this.#rows.timeAt(kept[kept.length - 1] as number),
      holes: holesOf(series, timeframe),
      repeats: this.#repeats.findings(),
      outOfOrder: this.#outOfOrder.findings(),
      absurd: this.#absurd(kept, timeframe),
      rounded: this.#rounded,
    };
    return { timeframe, series, report };
  }

  #inOrder(): Uint32Array {
    const indices = Uint32Array.from({ length: this.#rows.length }, (_, index) => index);
    if (this.#outOfOrder.findings().count === 0) return indices;
    return indices.sort((a, b) => this.#rows.timeAt(a) - this.#rows.timeAt(b) || a - b);
  }

  #withoutRepeats(ordered: Uint32Array): Uint32Array {
    let kept = 0;
    for (const index of ordered) {
      const last = kept === 0 ? null : (ordered[kept - 1] as number);
      if (last !== null && this.#rows.timeAt(last) === this.#rows.timeAt(index)) {
        this.#repeat(last, index);
        continue;
      }
      ordered[kept] = index;
      kept += 1;
    }
    return ordered.subarray(0, kept);
  }

  #repeat(first: number, again: number): void {
    const openTimeMs = this.#rows.timeAt(again);
    if (this.#rows.same(first, again)) {
      const text = `the same as line ${this.#lineOf(first)}`;
      this.#repeats.add({ line: this.#lineOf(again), openTimeMs, text });
      return;
    }
    const [kept, other] = [this.#rows.at(first), this.#rows.at(again)];
    const values = ({ open, high, low, close, volume }: typeof kept): string =>
      [open, high, low, close, volume].join(',');
    throw this.#fault(again, {
      code: 'conflicting_repeat',
      expected: `what line ${this.#lineOf(first)} says of ${iso(openTimeMs)} (${values(kept)})`,
      found: values(other),
    });
  }

  #timeframe(kept: Uint32Array): Timeframe {
    const { timeframe: asked, namedTimeframe: named } = this.#options;
    const stated = this.#statedLengthMs === null ? null : timeframeOf(this.#statedLengthMs);
    const shown = stated ?? this.#commonStep(kept);
    if (asked !== undefined && (stated === null || stated === asked)) return asked;
    const claimed = asked ?? named;
    if (shown === null && claimed === undefined) {
      throw this.#fault(kept[0] as number, {
        code: 'unknown_timeframe',
        expected: `steps of ${Object.keys(TIMEFRAMES).join(', ')}, or the timeframe to be given`,
        found: kept.length === 1 ? 'a single candle' : 'no such step',
      });
    }
    if (shown !== null && claimed !== undefined && shown !== claimed) {
      throw this.#fault(kept[0] as number, {
        code: 'timeframe_conflict',
        expected: `${claimed} candles, as ${asked === undefined ? 'the file name says' : 'asked'}`,
        found: `${shown} candles`,
      });
    }
    return (shown ?? claimed) as Timeframe;
  }

  /** The timeframe that is the most frequent step; the shorter one of two. */
  #commonStep(kept: Uint32Array): Timeframe | null {
    const counts = new Map<Timeframe, number>();
    for (let place = 1; place < kept.length; place += 1) {
      const stepMs =
        this.#rows.timeAt(kept[place] as number) - this.#rows.timeAt(kept[place - 1] as number);
      const timeframe = timeframeOf(stepMs);
      if (timeframe !== null) counts.set(timeframe, (counts.get(timeframe) ?? 0) + 1);
    }
    const byCount = [...counts].sort(
      ([a, countA], [b, countB]) => countB - countA || TIMEFRAMES[a] - TIMEFRAMES[b],
    );
    return byCount[0]?.[0] ?? null;
  }

  #checkAlignment(kept: Uint32Array, timeframe: Timeframe): void {
    for (const index of kept) {
      const openTimeMs = this.#rows.timeAt(index);
      if (openTimeMs % TIMEFRAMES[timeframe] === 0) continue;
      throw this.#fault(index, {
        code: 'misaligned_time',
        expected: `an open time that is a multiple of ${timeframe} in UTC`,
        found: iso(openTimeMs),
      });
    }
  }

  #absurd(kept: Uint32Array, timeframe: Timeframe): CandleReport['absurd'] {
    const prints = new AbsurdPrints();
    const absurd = new FindingList();
    const longMs = REMEMBERED_STEPS * TIMEFRAMES[timeframe];
    kept.forEach((index, place) => {
      const row = this.#rows.at(index);
      const previous = place === 0 ? null : this.#rows.at(kept[place - 1] as number);
      const recent = previous !== null && row.openTimeMs - previous.openTimeMs <= longMs;
      const next = place + 1 < kept.length ? this.#rows.at(kept[place + 1] as number) : null;
      const before = recent ? previous.close : null;
      const found = prints.judge(row, { before, after: next?.open ?? null });
      if (found === null) return;
      const { text } = found;
      absurd.add({ line: this.#lineOf(index), openTimeMs: row.openTimeMs, text });
    });
    return absurd.findings();
  }

  #fault(
    index: number,
    what: { readonly code: CandleFaultCode; readonly expected: string; readonly found: string },
  ): CandleFileFault {
    const place = this.#dialect?.columns.time ?? 0;
    const column = `${this.#dialect?.names[place] ?? 'time'} (${place + 1})`;
    return new CandleFileFault({ ...what, line: this.#lineOf(index), column });
  }

  #lineOf(index: number): number {
    return index + this.#firstRowLine;
  }
}

const BY_LENGTH: ReadonlyMap<number, Timeframe> = new Map(
  Object.keys(TIMEFRAMES)
    .filter(isTimeframe)
    .map((name) => [TIMEFRAMES[name], name]),
);

function timeframeOf(lengthMs: number): Timeframe | null {
  return BY_LENGTH.get(lengthMs) ?? null;
}

function blankLine(line: number): CandleFileFault {
  const expected = 'rows without blank lines between them';
  return new CandleFileFault({
    code: 'blank_line',
    line,
    column: null,
    expected,
    found: 'nothing',
  });
}

function iso(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
