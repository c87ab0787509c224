import { table } from '../../cli/table.ts';
import type { Simulated } from './campaign.ts';

/** What simulated campaigns came to, and what went wrong in them on purpose. */
export function simulationPage(results: readonly Simulated[]): string {
  const count = (value: number): string => value.toLocaleString('en-US');
  const right = 'right';
  const summary = table(
    results,
    [
      { heading: 'WAY', cell: (one) => one.way },
      { heading: 'ORDERS', cell: (one) => count(one.orders), align: right },
      { heading: 'DOUBLED', cell: (one) => count(one.doubled), align: right },
      { heading: 'FILLS LOST', cell: (one) => count(one.fillsLost), align: right },
      { heading: 'INVENTED', cell: (one) => count(one.fillsInvented), align: right },
      { heading: 'UNDECIDED', cell: (one) => count(one.undecided), align: right },
      { heading: 'SECONDS', cell: (one) => one.seconds.toFixed(1), align: right },
    ],
    'nothing was simulated',
  );
  const lines = results.flatMap(({ way, seed, faults, wrong }) => [
    '',
    `${way}, seed ${seed}; what went wrong on purpose:`,
    ...Object.entries(faults)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([name, times]) => `  ${name.padEnd(20)} ${count(times).padStart(9)}`),
    ...(wrong.length === 0 ? [] : [`  first legs that came out wrong: ${wrong.join(', ')}`]),
  ]);
  return [summary, ...lines].join('\n');
}
