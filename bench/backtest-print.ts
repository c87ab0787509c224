import type { Figures, Rate } from './backtest.ts';

const GOALS = { lean: 30, full: 4 } as const;

/** What was measured, for people: tables, ratios and goals. */
export function printFigures(figures: Figures): void {
  const { machine, node, loadBefore, loadAfter } = figures;
  console.log(`node ${node}, ${machine}, load ${loadBefore.toFixed(1)} to ${loadAfter.toFixed(1)}`);
  if (figures.peer !== null) printPeer(figures.peer);
  if (figures.many !== null) printMany(figures.many);
  if (figures.threads !== null) printThreads(figures.threads);
  if (figures.memory !== null) printMemory(figures.memory);
}

function printPeer(peer: NonNullable<Figures['peer']>): void {
  const { rates, firstRun, differing } = peer;
  console.log(`${peer.data}: ${peer.candles} candles, ${peer.motions} motions`);
  console.log(`python ${peer.python}; motions that differ: ${JSON.stringify(differing)}`);
  const rows = Object.entries(rates).map(([name, { wall, processor }]) => {
    const first = firstRun[name];
    const row = {
      'candles/s': Math.round(wall),
      'per processor second': Math.round(processor),
      'first run': first === undefined ? '' : Math.round(first),
    };
    return [name, row] as const;
  });
  console.table(Object.fromEntries(rows));
  for (const gear of ['lean', 'full'] as const) {
    const goal = `(goal: at least ${GOALS[gear]})`;
    const plain = `${times(rates, gear, `peer ${gear}`)} ${goal}`;
    const tuned = times(rates, gear, `peer ${gear}, tuned`);
    console.log(`${gear} against the peer: ${plain}; against the tuned peer: ${tuned}`);
  }
  console.log(`deciding alone against the peer: ${times(rates, 'deciding', 'peer lean')}`);
  console.log(`trend following against SMA cross: ${times(rates, 'trend', 'peer trend')}`);
  for (const part of ['deciding', 'lean', 'full']) {
    console.log(`the bare feature loop against ${part}: ${times(rates, 'features', part)}`);
  }
}

function printMany({ symbols, candles, ratio, ...many }: NonNullable<Figures['many']>): void {
  const [one, each] = [many.microsecondsOne, many.microsecondsMany].map((us) => us.toFixed(2));
  console.log(
    `${symbols} symbols against 1, ${candles} candles in all: ` +
      `${each} against ${one} µs a candle, ratio ${ratio.toFixed(2)} (goal: at most 3)`,
  );
}

function printThreads({
  runs,
  candlesEach,
  ratio,
  ...took
}: NonNullable<Figures['threads']>): void {
  console.log(
    `${runs} runs of ${candlesEach} candles: ${took.secondsOne.toFixed(2)} s on one thread, ` +
      `${took.secondsTwo.toFixed(2)} s on two, ratio ${ratio.toFixed(2)} (goal: at least 1.8)`,
  );
}

function printMemory({ candles, ...run }: NonNullable<Figures['memory']>): void {
  console.log(
    `${candles} candles in one run: ${run.peakMegabytes.toFixed(0)} MB at most, ` +
      `${run.decisions} decisions, ${run.seconds.toFixed(1)} s (goal: 10 M under 2,000 MB)`,
  );
}

/** How many times faster, by the clock and by the processor. */
function times(rates: Readonly<Record<string, Rate>>, fast: string, slow: string): string {
  const [one, other] = [rates[fast], rates[slow]];
  if (one === undefined || other === undefined) return 'not measured';
  const wall = (one.wall / other.wall).toFixed(1);
  return `${wall} × (processor ${(one.processor / other.processor).toFixed(1)} ×)`;
}
