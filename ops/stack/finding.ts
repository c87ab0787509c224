/** One thing the doctor looked at. `advice` says what to do when it is not well. */
export interface Finding {
  readonly what: string;
  readonly state: 'well' | 'notice' | 'ill';
  readonly detail: string;
  readonly advice: string | null;
  /** Where to read more, and its last error lines. */
  readonly log: string | null;
  readonly lines: readonly string[];
}

export function finding(what: string, facts: Partial<Finding> & { detail: string }): Finding {
  return { what, state: 'well', advice: null, log: null, lines: [], ...facts };
}
