/** One thing that is checked. `run` reports faults in words a person can act on; no fault, no
 * text. */
export interface Check {
  readonly name: string;
  /** What it makes sure of, for `--help`. */
  readonly about: string;
  run(root: string): Promise<Outcome>;
}

export type Outcome = { readonly ok: true } | { readonly ok: false; readonly text: string };

/** One place in one file that breaks a rule. */
export interface Violation {
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

export const OK: Outcome = { ok: true };

export function failed(text: string): Outcome {
  return { ok: false, text };
}

/** Sorted, `file:line  text`, so that two runs print the same. */
export function outcomeOf(violations: readonly Violation[]): Outcome {
  if (violations.length === 0) return OK;
  const ordered = [...violations].sort(
    (a, b) => compare(a.file, b.file) || a.line - b.line || compare(a.text, b.text),
  );
  return failed(ordered.map(({ file, line, text }) => `${file}:${line}  ${text}`).join('\n'));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
