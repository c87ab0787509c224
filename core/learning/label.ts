import type { OutcomeTerms } from '../judgement/assessment.ts';
import { outcomeTerms } from '../judgement/outcome.ts';
import { DEFAULT_CONDITIONS } from '../venue/conditions.ts';

/** What the ring is scored by and what models are trained on: the triple barrier, with what the
 * paper venue takes on the way in and on the way out. */
export const DEFAULT_TERMS: OutcomeTerms = outcomeTerms(DEFAULT_CONDITIONS);
