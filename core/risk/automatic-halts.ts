import type { RefusalCode } from './facts.ts';
import type { HaltLevel } from './halt.ts';

export interface AutomaticHalt {
  readonly level: HaltLevel;
  readonly liftsWhen: string;
}

/** Refusals that mean more than one order's no: they stop the user's trading until a person has
 * looked. */
export const AUTOMATIC_HALTS: { readonly [code in RefusalCode]?: AutomaticHalt } = {
  // Not a pause: what was bought just before must get its stop, and every guard must go on.
  fuse: {
    level: 'close-only',
    liftsWhen: 'it is known why so many orders were made, and a person lifts it by name',
  },
  drawdown: {
    level: 'close-only',
    liftsWhen:
      'equity is back above the limit, or the user allows a deeper fall, and a person lifts it ' +
      'by name',
  },
};
