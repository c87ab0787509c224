import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { AnswerReceipt, EscalationView } from '../proto/escalation.ts';
import type { GuardView, LookAgain, PassedCandles } from '../proto/guard.ts';
import type { LearningView } from '../proto/learning.ts';

/** Names by which a client starts a workflow. */
export const WORKFLOWS = {
  docket: 'docketWorkflow',
  escalation: 'escalationWorkflow',
  order: 'orderWorkflow',
  guard: 'guardWorkflow',
  plan: 'planWorkflow',
  settlement: 'settlementWorkflow',
  marketScan: 'marketScanWorkflow',
  learning: 'learningWorkflow',
} as const;

/** How long a killed worker holds up any workflow of ours: then another takes it over. */
export const TASK_TIMEOUT = '3s';
/** A step beats twice a second. Its worker was killed or frozen when nothing was heard for so long;
 * more than the two seconds of an order's step, because many of these are no one's money. */
export const STEP_HEARTBEAT = '3s';

/** Answers a question and waits for what becomes of it. What the CLI uses. Whoever reaches Temporal
 * can send anything: only a signed answer can stand (`SignedAnswer`). */
export const answerUpdate = defineUpdate<AnswerReceipt, [unknown]>('submitAnswer');
/** The same without waiting: for `temporal workflow signal --name answer`. */
export const answerSignal = defineSignal<[unknown]>('answer');
/** The tape has passed this market time (Unix ms); closes the question when its deadline lies
 * before. */
export const tapePassedSignal = defineSignal<[number]>('tapePassed');
export const questionQuery = defineQuery<EscalationView>('question');

/** Candles have closed; answered when everything that follows from them is done. */
export const candlesPassedUpdate = defineUpdate<GuardView, [PassedCandles]>('candlesPassed');
/** The position of a guard was traded by somebody else. */
export const lookAgainSignal = defineSignal<[LookAgain]>('lookAgain');
/** To whoever asked a guard to look: it has, after this leg. */
export const guardLookedSignal = defineSignal<[string]>('guardLooked');
export const guardQuery = defineQuery<GuardView | null>('guard');

/** How far a learning run is. */
export const learningQuery = defineQuery<LearningView>('learning');
