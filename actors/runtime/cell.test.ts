import { describe, expect, test } from 'vitest';
import { Cell, type CellOptions } from './cell.ts';

interface Trace {
  readonly cell: Cell<string>;
  readonly lines: string[];
  created: number;
}

/** A cell whose actor notes when it begins and ends, and throws at letters that start with
 * `bad`. */
function traced(options: Partial<CellOptions<string>> = {}): Trace {
  const lines: string[] = [];
  const trace = { lines, created: 0 };
  const cell = new Cell<string>({
    capacity: 8,
    create: () => {
      trace.created += 1;
      return {
        receive: async (letter) => {
          lines.push(`begin ${letter}`);
          await new Promise((resolve) => setTimeout(resolve, 2));
          if (letter.startsWith('bad')) throw new Error(letter);
          lines.push(`end ${letter}`);
        },
      };
    },
    done: (letter) => lines.push(`done ${letter}`),
    failed: (letter, _error, tries) => {
      lines.push(`failed ${letter} ${tries}`);
      return tries < 3 ? 1 : null;
    },
    ...options,
  });
  return Object.assign(trace, { cell });
}

async function idle(cell: Cell<string>): Promise<void> {
  while (cell.busy) await new Promise((resolve) => setTimeout(resolve, 1));
}

describe('cell', () => {
  test('cell - one letter at a time, in the order they came', async () => {
    const { cell, lines } = traced();
    for (const letter of ['a', 'b', 'c']) cell.post(letter);
    await idle(cell);
    expect(lines).toEqual(
      ['a', 'b', 'c'].flatMap((letter) => [`begin ${letter}`, `end ${letter}`, `done ${letter}`]),
    );
  });

  test('cell - a throw costs the state, is tried again, and holds up nothing', async () => {
    const trace = traced();
    for (const letter of ['a', 'bad', 'b']) trace.cell.post(letter);
    await idle(trace.cell);
    expect(trace.lines.filter((line) => /failed|done/.test(line))).toEqual([
      'done a',
      'failed bad 1',
      'failed bad 2',
      'failed bad 3',
      'done b',
    ]);
    expect(trace.created).toBe(4);
  });

  test('cell - the mailbox is bounded: one too many is refused aloud', () => {
    const { cell } = traced({ capacity: 2 });
    cell.post('in hand');
    cell.post('first');
    cell.post('second');
    expect(() => cell.post('third')).toThrow('mailbox must hold at most 2 letters');
  });

  test('cell - forgetting makes a new actor for the next letter, not for this one', async () => {
    const trace = traced();
    trace.cell.post('a');
    trace.cell.forget();
    trace.cell.post('b');
    await idle(trace.cell);
    expect(trace.created).toBe(2);
    expect(trace.lines).toContain('done a');
  });

  test('cell - stopping finishes the letter in hand and hands back the others', async () => {
    const { cell, lines } = traced();
    for (const letter of ['a', 'b', 'c']) cell.post(letter);
    expect(await cell.stop()).toEqual(['b', 'c']);
    expect(lines).toEqual(['begin a', 'end a', 'done a']);
    expect(cell.busy).toBe(false);
  });

  test('cell - stopping does not try a failing letter again', async () => {
    const { cell, lines } = traced();
    cell.post('bad');
    await cell.stop();
    expect(lines.filter((line) => line.startsWith('failed'))).toEqual(['failed bad 1']);
  });
});
