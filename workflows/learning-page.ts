import { setCurrentDetails } from '@temporalio/workflow';
import {
  LEARNING_STAGES,
  type LearningInput,
  type LearningStage,
  type LearningView,
} from '../proto/learning.ts';

type StageView = LearningView['stages'][number];

/** Where a run stands: what its query answers, and its page in the Web UI. */
export class LearningPage {
  readonly #input: LearningInput;
  readonly #stages = new Map<LearningStage, StageView>(
    LEARNING_STAGES.map((stage) => [stage, { stage, status: 'waiting', lines: [] }]),
  );
  #runId: string | null = null;

  constructor(input: LearningInput) {
    this.#input = input;
  }

  get view(): LearningView {
    const { venue, symbol, timeframe, cadence } = this.#input;
    const stages = LEARNING_STAGES.map((stage) => this.#stages.get(stage) as StageView);
    return { venue, symbol, timeframe, cadence, runId: this.#runId, stages };
  }

  opened(runId: string): void {
    this.#runId = runId;
    this.#show();
  }

  begin(stage: LearningStage): void {
    this.#change(stage, { status: 'running' });
  }

  /** Adds what was found in a stage. */
  say(stage: LearningStage, ...lines: readonly string[]): void {
    const before = this.#stages.get(stage)?.lines ?? [];
    this.#change(stage, { lines: [...before, ...lines] });
  }

  end(stage: LearningStage): void {
    this.#change(stage, { status: 'done' });
  }

  /** What was under way has failed. */
  fail(why: string): void {
    const running = LEARNING_STAGES.find((one) => this.#stages.get(one)?.status === 'running');
    if (running === undefined) return;
    this.say(running, why);
    this.#change(running, { status: 'failed' });
  }

  #change(stage: LearningStage, change: Partial<StageView>): void {
    this.#stages.set(stage, { ...(this.#stages.get(stage) as StageView), ...change });
    this.#show();
  }

  #show(): void {
    setCurrentDetails(pageOf(this.view));
  }
}

const MARKS = { waiting: '◦', running: '▸', done: '✓', failed: '✗' } as const;

/** Markdown. */
function pageOf({ symbol, timeframe, venue, cadence, runId, stages }: LearningView): string {
  const title = `**${symbol} ${timeframe} at ${venue}**, ${cadence}`;
  const run = runId === null ? 'not its turn yet' : `run ${runId.slice(0, 12)}`;
  const parts = stages.map(({ stage, status, lines }) => {
    const head = `### ${MARKS[status]} ${stage}`;
    return lines.length === 0 ? head : `${head}\n\n${lines.map((line) => `- ${line}`).join('\n')}`;
  });
  return [`${title}, ${run}`, ...parts].join('\n\n');
}
