import { ServiceError, WorkflowFailedError, WorkflowNotFoundError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { RetryState } from '@temporalio/common/lib/failure.js';
import { describe, expect, test } from 'vitest';
import { PaperControlError } from '../../adapters/venue/paper-control.ts';
import { VenueError } from '../../adapters/venue/port.ts';
import { CorroError, WireError } from '../../proto/errors.ts';
import { isAbsence, patiently } from './patience.ts';

function coded(message: string, code: string | number): Error {
  return Object.assign(new Error(message), { code });
}

function named(name: string): Error {
  return Object.assign(new Error('whatever it says'), { name });
}

describe('isAbsence', () => {
  test.each<[string, unknown]>([
    ['a refused socket', coded('connect ECONNREFUSED 127.0.0.1:1', 'ECONNREFUSED')],
    ['a lost Postgres', new Error('Connection terminated unexpectedly')],
    ['a Postgres that cannot be reached', new Error('timeout exceeded when trying to connect')],
    ['a Postgres that starts', coded('the database system is starting up', '57P03')],
    ['a Temporal that is away', new ServiceError('failed', { cause: coded('14', 14) })],
    ['a Temporal that was never there', new ServiceError('Failed to connect to Temporal server')],
    ['a paper venue that is away', new PaperControlError(0, 'the paper venue did not answer: x')],
    ['a gateway that is silent', new VenueError('timeout', 'no word')],
    ['a NATS reply that did not come', named('TimeoutError')],
    ['a NATS without the service', named('NoResponders')],
    ['a NATS that cannot be reached', new CorroError('server_unreachable', 'NATS')],
    ['a wrapped one', new Error('books', { cause: new Error('fetch failed') })],
  ])('%s - is waited for', (_name, error) => {
    expect(isAbsence(error)).toBe(true);
  });

  const failed = new WorkflowFailedError(
    'Workflow execution failed',
    ApplicationFailure.create({ message: 'Connection terminated' }),
    RetryState.NON_RETRYABLE_FAILURE,
  );
  test.each<[string, unknown]>([
    ['a closed question', new CorroError('escalation_closed', 'expired')],
    ['a bug that speaks of a timeout', new RangeError('answerTimeoutMs must be positive, was -1')],
    ['a bug that speaks of closed candles', new Error('a closed candle must not change')],
    ['a workflow that failed for want of a connection', failed],
    ['a workflow that is gone', new WorkflowNotFoundError('gone', 'w', undefined)],
    ['a fault of ours with an absent cause', new CorroError('failed', 'x', { cause: failed })],
    ['bytes that are none', new WireError('wire_malformed', 'timeout')],
    ['a venue that refuses', new VenueError('invalid', 'no such exchange')],
    ['a market that would go backward', new PaperControlError(409, 'must not go backward')],
    ['a statement that took too long', coded('canceling statement due to timeout', '57014')],
    ['what is no error', 'ECONNREFUSED'],
  ])('%s - is not', (_name, error) => {
    expect(isAbsence(error)).toBe(false);
  });
});

describe('patiently', () => {
  const { signal } = new AbortController();
  const absent = (): Error => coded('connect ECONNREFUSED', 'ECONNREFUSED');

  test('an absent server - is asked until it answers, and told of once', async () => {
    const waits: string[] = [];
    let asked = 0;
    const act = async (): Promise<number> => {
      asked += 1;
      if (asked < 3) throw absent();
      return asked;
    };
    const onWait = (what: string): void => void waits.push(what);
    expect(await patiently('books', act, { signal, onWait })).toBe(3);
    expect(waits).toEqual(['books']);
  });

  test('a fault - is thrown at once', async () => {
    let asked = 0;
    const act = async (): Promise<never> => {
      asked += 1;
      throw new RangeError('timeoutMs must be positive, was 0');
    };
    await expect(patiently('books', act, { signal })).rejects.toThrow(RangeError);
    expect(asked).toBe(1);
  });

  test('a server that stays away - ends it, saying who and how long', async () => {
    const act = (): Promise<never> => Promise.reject(absent());
    const limited = patiently('books', act, { signal, limitMs: 60 });
    await expect(limited).rejects.toThrow('books: no answer for 0.06 s');
    await expect(limited).rejects.toSatisfy(isAbsence);
  });

  test('the limit - counts from when the server went away, not from the first ask', async () => {
    let asked = 0;
    const act = async (): Promise<string> => {
      asked += 1;
      if (asked > 1) return 'after the break';
      await new Promise((resolve) => setTimeout(resolve, 80));
      throw absent();
    };
    expect(await patiently('debate', act, { signal, limitMs: 60 })).toBe('after the break');
  });

  test('an interruption - ends the wait', async () => {
    const stop = new AbortController();
    const waiting = patiently('books', () => Promise.reject(absent()), { signal: stop.signal });
    stop.abort();
    await expect(waiting).rejects.toThrow(/ECONNREFUSED|abort/);
  });
});
