import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { Answer, AnswerReceipt, EscalationView } from '../proto/escalation.ts';

/** Names by which a client starts a workflow. */
export const WORKFLOWS = {
  docket: 'docketWorkflow',
  escalation: 'escalationWorkflow',
  order: 'orderWorkflow',
  marketScan: 'marketScanWorkflow',
} as const;

/** Answers a question and waits for what becomes of it. What the CLI uses. */
export const answerUpdate = defineUpdate<AnswerReceipt, [Answer]>('submitAnswer');
/** The same without waiting: for `temporal workflow signal --name answer`. */
export const answerSignal = defineSignal<[Answer]>('answer');
/** The tape has passed this market time (Unix ms); closes the question when its deadline lies
 * before. */
export const tapePassedSignal = defineSignal<[number]>('tapePassed');
export const questionQuery = defineQuery<EscalationView>('question');
