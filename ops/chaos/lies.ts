import { readFileSync } from 'node:fs';
import type { StackState } from '../stack/control.ts';

/** Scripts for the paper venue's own faults, by what a trader would call them. The probabilities
 * are high: a campaign has minutes for what takes a venue years. */
const often = (fault: string, on: string, parameters: object = {}) => {
  return { fault, on, probability: 0.25, parameters };
};
const sometimes = (fault: string, on = 'any', parameters: object = {}) => {
  return { fault, on, probability: 0.05, parameters };
};

/** What a reply can look like that proves nothing; slow and huge ones have tests of their own. */
const SHAPES = [
  ...['html', 'empty', 'truncated', 'wrong-types', 'missing-fields', 'deep'],
  ...['other-order', 'duplicate-keys'],
];

export const LIES = {
  'venue-loses-replies': [
    often('reply-lost-before', 'new-order'),
    often('reply-lost-after', 'new-order'),
    sometimes('reply-lost-after'),
  ],
  'venue-is-late': [
    often('reply-late', 'new-order', { delayMs: 3_000 }),
    often('arrival-late', 'new-order', { delayMs: 1_500 }),
    sometimes('reply-late', 'any', { delayMs: 1_000 }),
  ],
  'venue-errors': [
    ...['error-5xx', 'unexpected', 'timeout'].flatMap((error) => [
      often(`${error}-before`, 'new-order'),
      often(`${error}-after`, 'new-order'),
      sometimes(`${error}-before`),
    ]),
  ],
  'venue-limits-rate': [
    { fault: 'rate-limited', on: 'any', everyNth: 60, count: 2, parameters: { seconds: 2 } },
    { fault: 'banned', on: 'any', everyNth: 150, count: 1, parameters: { seconds: 3 } },
  ],
  'venue-talks-nonsense': [
    ...SHAPES.flatMap((shape) => [
      { fault: 'malformed-after', on: 'new-order', probability: 0.06, parameters: { shape } },
      { fault: 'malformed-before', on: 'any', probability: 0.02, parameters: { shape } },
    ]),
  ],
  'venue-clock-jumps': [
    { fault: 'clock-skew', on: 'any', probability: 0.2, parameters: { offsetMs: 2_000 } },
    { fault: 'clock-skew', on: 'any', probability: 0.1, parameters: { offsetMs: -2_000 } },
  ],
  'venue-forgets': [
    often('forgotten', 'new-order', { forMs: 1_800 }),
    often('reply-lost-after', 'new-order'),
    often('trade-late', 'fill', { forMs: 1_800 }),
  ],
  'venue-fills-in-part': [often('partial-fill', 'new-order', { share: 0.3 })],
  'venue-reports-badly': [
    ...['report-lost', 'report-duplicated', 'report-late', 'report-reordered'].map((fault) =>
      often(fault, 'stream'),
    ),
    { fault: 'socket-drop', on: 'stream', everyNth: 10, count: 3, parameters: {} },
    { fault: 'socket-silent', on: 'stream', everyNth: 15, count: 2, parameters: { forMs: 2_000 } },
  ],
  'venue-shows-old-depth': [often('stale-depth', 'depth', { candles: 3 })],
} as const;
export type Lie = keyof typeof LIES;

/** Tells the venue to lie from now on, or, with no rules, to stop lying. */
export async function tellVenue(
  { addresses }: StackState,
  script: { readonly seed: number; readonly rules: readonly object[] },
): Promise<void> {
  const answer = await fetch(new URL('/control/faults', addresses.paperUrl), {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-corro-control': readFileSync(addresses.paperSecretPath, 'utf8').trim(),
    },
    body: JSON.stringify(script),
    signal: AbortSignal.timeout(10_000),
  });
  if (answer.ok) return;
  throw new Error(`the venue would not lie: ${answer.status} ${await answer.text()}`);
}
