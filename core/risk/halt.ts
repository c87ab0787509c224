/** How much a halt stops, from the mildest: `pause` sends nothing new at all, guards' own orders
 * included; `close-only` lets positions shrink; `cancel` also cancels every open order that is not
 * a protective stop; `flatten` also recalls the stops and sells what is held. */
export const HALT_LEVELS = ['pause', 'close-only', 'cancel', 'flatten'] as const;
export type HaltLevel = (typeof HALT_LEVELS)[number];

/** Levels that ask for work beside forbidding orders. */
export const WORKING_LEVELS = ['cancel', 'flatten'] as const satisfies readonly HaltLevel[];

export function isHaltLevel(text: string): text is HaltLevel {
  return (HALT_LEVELS as readonly string[]).includes(text);
}

/** What a halt is lifted by. */
export const HALT_NAME = /^[a-z0-9][a-z0-9-]{0,79}$/;
