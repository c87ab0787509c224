/** The part of a workflow's history that is counted here. */
interface History {
  readonly events?: readonly Event[] | null;
}

interface Event {
  readonly activityTaskScheduledEventAttributes?: unknown;
  readonly activityTaskStartedEventAttributes?: { readonly attempt?: number | null } | null;
  readonly startChildWorkflowExecutionInitiatedEventAttributes?: unknown;
  readonly timerStartedEventAttributes?: unknown;
  readonly upsertWorkflowSearchAttributesEventAttributes?: unknown;
  readonly workflowExecutionSignaledEventAttributes?: unknown;
  readonly markerRecordedEventAttributes?: unknown;
}

export interface HistoryFigures {
  readonly events: number;
  readonly actions: number;
}

/** Events of one workflow, and its actions as Temporal Cloud bills them: the start, every try of an
 * activity, timers, signals, markers, children, and changes of search attributes. */
export function actionsOf(history: History): HistoryFigures {
  const events = history.events ?? [];
  return { events: events.length, actions: 1 + events.reduce((sum, one) => sum + actions(one), 0) };
}

function actions(event: Event): number {
  const retries = (event.activityTaskStartedEventAttributes?.attempt ?? 1) - 1;
  const counted = [
    event.activityTaskScheduledEventAttributes,
    event.startChildWorkflowExecutionInitiatedEventAttributes,
    event.timerStartedEventAttributes,
    event.upsertWorkflowSearchAttributesEventAttributes,
    event.workflowExecutionSignaledEventAttributes,
    event.markerRecordedEventAttributes,
  ];
  return retries + counted.filter((part) => part !== undefined && part !== null).length;
}

/** The largest of each. */
export function mostOf(figures: readonly HistoryFigures[]): HistoryFigures {
  return {
    events: Math.max(...figures.map(({ events }) => events)),
    actions: Math.max(...figures.map(({ actions: count }) => count)),
  };
}
