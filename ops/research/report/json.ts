import { factsOf } from './facts.ts';
import type { ReportInput } from './input.ts';

/** Raised with every change of shape. */
const REPORT_VERSION = 2;

/** The report for programs: every figure unrounded, every decision with all that the gear kept. */
export function renderJson(input: ReportInput): string {
  return [...jsonChunks(input)].join('');
}

/** The same, decision by decision: the full gear's words may be longer than a string can be. */
export function* jsonChunks(input: ReportInput): Generator<string> {
  const { result, assessment, hold, madeAt, command, versions, inSample = null } = input;
  const { headline, findings } = factsOf(input);
  const { decisions, ...rest } = result;
  const opening = {
    ...{ version: REPORT_VERSION, headline, findings, inSample, madeAt, command, versions },
  };
  yield `${openObject({ ...opening, assessment, hold })},"result":`;
  yield `${openObject(rest)},"decisions":[`;
  for (const [at, decision] of decisions.entries()) {
    yield `${at === 0 ? '' : ','}${JSON.stringify(decision)}`;
  }
  yield ']}}\n';
}

/** An object to which more is to be added. */
function openObject(value: object): string {
  return JSON.stringify(value).slice(0, -1);
}
