import { ACTIONS, type Action, type Stance } from '../assistants/speech.ts';
import { topAction } from '../assistants/stance.ts';
import { brierOfShares } from '../judgement/score.ts';
import type { TrainingMatrix } from '../models/matrix.ts';
import type { ValidationRow } from './contract.ts';

/** Probabilities of the three labels; they sum to 1. */
export type Answer = Pick<ValidationRow, 'buy' | 'sell' | 'hold'>;

const WHOLE = 10_000;

/** The same as a stance: basis points, not rounded. */
export function stanceOfAnswer({ buy, sell, hold }: Answer): Stance {
  return { buyBp: WHOLE * buy, sellBp: WHOLE * sell, holdBp: WHOLE * hold };
}

export function brierOfAnswer({ buy, sell, hold }: Answer, label: Action): number {
  return brierOfShares([buy, sell, hold], label);
}

/** What acting on an answer would have done: the likeliest label, HOLD on a tie. */
export function callOf(answer: Answer): Action {
  return topAction(stanceOfAnswer(answer)) ?? 'HOLD';
}

/** What always saying the label shares of each fold's past would have answered, row by row as the
 * validation's: of the matrix's rows whose labels had settled before the fold's first close, with
 * one row of each label added. Knows less than a model may, and nothing a model may not. Throws a
 * `RangeError` where a fold has no past. */
export function baseAnswers(
  { header, numbers }: TrainingMatrix,
  rows: readonly ValidationRow[],
): readonly Answer[] {
  const { columns } = header;
  const [settledAt, actionAt] = [columns.indexOf('settledAtMs'), columns.indexOf('action')];
  const starts = new Map<number, number>();
  for (const { fold, closeTimeMs } of rows) {
    starts.set(fold, Math.min(starts.get(fold) ?? closeTimeMs, closeTimeMs));
  }
  const answers = new Map<number, Answer>();
  for (const [fold, startMs] of starts) {
    const counts = ACTIONS.map(() => 1);
    let past = 0;
    for (let at = 0; at < numbers.length; at += columns.length) {
      if ((numbers[at + settledAt] as number) >= startMs) continue;
      const action = numbers[at + actionAt] as number;
      counts[action] = (counts[action] as number) + 1;
      past += 1;
    }
    if (past === 0)
      throw new RangeError(`fold ${fold} must have a past, nothing settled before it`);
    answers.set(fold, answerOf(counts));
  }
  return rows.map(({ fold }) => answers.get(fold) as Answer);
}

function answerOf(counts: readonly number[]): Answer {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const share = (action: Action): number => (counts[ACTIONS.indexOf(action)] as number) / total;
  return { buy: share('BUY'), sell: share('SELL'), hold: share('HOLD') };
}
