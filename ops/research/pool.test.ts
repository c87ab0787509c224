/** Work spread over threads. Failure would look like: results in the order of arrival, a crash that
 * hangs the command or is blamed on nobody, or a Ctrl-C that waits for an endless task. */
import { describe, expect, test } from 'vitest';
import { type PoolOptions, runOnThreads } from './pool.ts';
import type { Chore } from './pool-thread.fixture.ts';

function numbers(): Float64Array {
  const shared = new Float64Array(new SharedArrayBuffer(8 * 4));
  shared.set([1, 2, 3, 4]);
  return shared;
}

function options(more: Partial<PoolOptions<Chore>> = {}): PoolOptions<Chore> {
  return {
    thread: new URL('./pool-thread.fixture.ts', import.meta.url),
    threads: 2,
    shared: numbers(),
    nameOf: (chore) => `the chore ${chore.kind}`,
    ...more,
  };
}

describe('worker threads', () => {
  test('outcomes stand in the order of the tasks, on any number of threads', async () => {
    const chores: Chore[] = [
      { kind: 'wait', ms: 300 },
      { kind: 'sum', from: 0 },
      { kind: 'sum', from: 2 },
      { kind: 'wait', ms: 1 },
    ];
    const arrivals: number[] = [];
    const onOutcome = (index: number): void => void arrivals.push(index);
    for (const threads of [1, 3]) {
      const outcomes = await runOnThreads<Chore, number>(chores, options({ threads }), {
        onOutcome,
      });
      expect(outcomes.map((one) => (one.ok ? one.value : one.fault))).toEqual([300, 10, 7, 1]);
    }
    expect(arrivals.slice(0, 4)).toEqual([0, 1, 2, 3]);
    expect(new Set(arrivals.slice(4))).toEqual(new Set([0, 1, 2, 3]));
  });

  test('threads see the same memory, not a copy of it', async () => {
    const shared = numbers();
    const first = runOnThreads<Chore, number>([{ kind: 'for ever' }], options({ shared }));
    shared[0] = -1;
    expect(await first).toEqual([{ ok: true, value: 0 }]);
  });

  test('a task that throws fails by itself, with its code; the others are done', async () => {
    const chores: Chore[] = [{ kind: 'throw' }, { kind: 'refuse' }, { kind: 'sum', from: 3 }];
    const [thrown, refused, summed] = await runOnThreads<Chore, number>(chores, options());
    expect(thrown).toMatchObject({ ok: false, fault: { code: 'failed' } });
    expect(JSON.stringify(thrown)).toContain('thrown on purpose');
    expect(refused).toMatchObject({ fault: { code: 'bad_configuration' } });
    expect(summed).toEqual({ ok: true, value: 4 });
  });

  test('a thread that dies is told with its task, and another one goes on', async () => {
    const chores: Chore[] = [
      { kind: 'die' },
      { kind: 'sum', from: 0 },
      { kind: 'die' },
      { kind: 'sum', from: 1 },
    ];
    for (const threads of [1, 2]) {
      const outcomes = await runOnThreads<Chore, number>(chores, options({ threads }));
      expect(outcomes.map(({ ok }) => ok)).toEqual([false, true, false, true]);
      expect(outcomes[0]).toMatchObject({ fault: { code: 'failed' } });
      expect(JSON.stringify(outcomes[0])).toContain('died at the chore die (exit 7)');
    }
  });

  test('a thread that cannot start ends the run', async () => {
    const thread = new URL('./no-such-thread.ts', import.meta.url);
    const run = runOnThreads<Chore, number>([{ kind: 'sum', from: 0 }], options({ thread }));
    await expect(run).rejects.toThrow('a worker thread did not start');
  });

  test('an aborted signal ends even a task that never ends', async () => {
    const stop = new AbortController();
    const seen: number[] = [];
    const chores: Chore[] = [{ kind: 'sum', from: 0 }, { kind: 'for ever' }];
    const run = runOnThreads<Chore, number>(chores, options({ signal: stop.signal, threads: 1 }), {
      onOutcome: (index) => {
        seen.push(index);
        stop.abort(new Error('enough'));
      },
    });
    await expect(run).rejects.toThrow('enough');
    expect(seen).toEqual([0]);
  });

  test('what the caller cannot do with an outcome ends the run', async () => {
    const run = runOnThreads<Chore, number>([{ kind: 'sum', from: 0 }], options(), {
      onOutcome: () => {
        throw new Error('the disk is full');
      },
    });
    await expect(run).rejects.toThrow('the disk is full');
  });

  test('no task is no thread', async () => {
    expect(await runOnThreads<Chore, number>([], options())).toEqual([]);
  });
});
