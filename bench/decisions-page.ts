import type { LoadFigures } from './decisions.ts';
import type { CloseFigures } from './decisions-closes.ts';

export interface Figures {
  readonly machine: string;
  readonly date: string;
  /** Processes that wanted a processor, over the last minute. */
  readonly loadBefore: number;
  readonly loadAfter: number;
  readonly loads: readonly LoadFigures[];
  readonly closes: CloseFigures;
}

const ONE_MOTION_GOAL = { events: 40, actions: 8 } as const;

const HEADINGS = [
  'motions a workflow',
  'in flight',
  'decisions/s',
  'p50 ms',
  'p99 ms',
  'contested',
  'bare gathers/s',
  'bare / ring',
] as const;

/** The figures for people. */
export function show(figures: Figures): string {
  const { machine, date, loadBefore, loadAfter, loads, closes } = figures;
  const round = (value: number, digits = 0): string => value.toFixed(digits);
  return [
    `${date}, ${machine}, load ${round(loadBefore, 1)} before, ${round(loadAfter, 1)} after`,
    '',
    row(HEADINGS),
    row(HEADINGS.map(() => '---:')),
    ...loads.map((load) =>
      row([
        String(load.motions),
        String(load.inFlight),
        round(load.decisionsPerSecond, 1),
        round(load.p50Ms),
        round(load.p99Ms),
        `${round(load.contestedPercent)} %`,
        round(load.bareGathersPerSecond),
        round(load.bareRatio, 1),
      ]),
    ),
    '',
    ...loads.map(historyLine),
    '',
    'processor ms a decision:',
    ...loads.map(processorLine),
    '',
    `candle close to recorded decision (${closes.decided}): ` +
      `p50 ${round(closes.recordedP50Ms)} ms, p99 ${round(closes.recordedP99Ms)} ms; ` +
      `to the next close p50 ${round(closes.lockstepP50Ms)} ms`,
    `a candle without a motion (${closes.quiet}): p50 ${round(closes.quietP50Ms, 1)} ms, ` +
      `p99 ${round(closes.quietP99Ms, 1)} ms`,
  ].join('\n');
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function historyLine({ motions, inFlight, history }: LoadFigures): string {
  const { events, actions } = ONE_MOTION_GOAL;
  const goal = motions === 1 ? ` (goal: at most ${events} and ${actions})` : '';
  const each =
    motions === 1 ? '' : `, ${(history.actions / motions).toFixed(2)} actions a decision`;
  return (
    `${motions} × ${inFlight}: at most ${history.events} events and ${history.actions} Temporal ` +
    `actions a workflow${each}${goal}`
  );
}

function processorLine({ motions, inFlight, processorMs }: LoadFigures): string {
  const parts = Object.entries(processorMs)
    .filter(([, ms]) => ms >= 0.05)
    .sort(([, a], [, b]) => b - a)
    .map(([name, ms]) => `${name} ${ms.toFixed(1)}`);
  const total = Object.values(processorMs).reduce((sum, ms) => sum + ms, 0);
  return `${motions} × ${inFlight}: ${total.toFixed(1)} = ${parts.join(', ')}`;
}
