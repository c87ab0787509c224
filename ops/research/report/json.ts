import { factsOf } from './facts.ts';
import type { ReportInput } from './input.ts';

/** Raised with every change of shape. */
const REPORT_VERSION = 1;

/** The report for programs: every figure unrounded, every decision with all that the gear kept. */
export function renderJson(input: ReportInput): string {
  const { result, assessment, hold, madeAt, command, versions } = input;
  const { headline, findings } = factsOf(input);
  const report = {
    version: REPORT_VERSION,
    headline,
    findings,
    madeAt,
    command,
    versions,
    assessment,
    result,
    hold,
  };
  return `${JSON.stringify(report)}\n`;
}
