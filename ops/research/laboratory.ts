import type { BacktestResult } from '../../core/backtest/result.ts';
import { CorroError } from '../../proto/errors.ts';
import type { Screen } from '../cli/screen.ts';
import type { ParameterSet } from './grid.ts';
import { type SharedMarkets, seriesOf, stretchOf, type Window } from './market-data.ts';
import { type Outcome, runOnThreads } from './pool.ts';
import { Progress } from './progress.ts';
import type { ResearchTask } from './research-thread.ts';
import { describeStrategy, type StrategyRequest } from './strategy-of.ts';
import { type AccountRequest, fullTerms } from './terms.ts';
import type { TrialDone, TrialTask } from './trial.ts';
import { type Trial, type TrialStore, trialHash } from './trials.ts';

export interface LaboratoryOptions {
  readonly markets: SharedMarkets;
  readonly store: TrialStore;
  readonly threads: number;
  readonly screen: Screen;
  readonly signal: AbortSignal;
  /** Under which command its trials are remembered. */
  readonly command: string;
  /** Trials that are known are run again. */
  readonly again: boolean;
}

export interface TrialRequest {
  readonly strategy: StrategyRequest;
  readonly account: AccountRequest;
  readonly window: Window;
}

/** What a request came to: a trial, parameters the strategy refused (nothing was tried), or a run
 * that failed. */
export type TrialOutcome =
  | { readonly kind: 'done'; readonly trial: Trial }
  | { readonly kind: 'refused'; readonly text: string }
  | { readonly kind: 'failed'; readonly text: string };

type Identity = Pick<Trial, 'hash' | 'strategy' | 'data' | 'account'>;

interface Pending {
  readonly request: TrialRequest;
  readonly identity: Identity;
}

const THREAD = new URL('./research-thread.ts', import.meta.url);

/** Where trials are made: on threads, each kept in the store the moment it is done, so that a
 * command that was stopped finds them again; and none is made twice. */
export class Laboratory {
  readonly #options: LaboratoryOptions;

  constructor(options: LaboratoryOptions) {
    this.#options = options;
  }

  /** Outcomes in the order of the requests. What a fresh run says and what one says that was
   * stopped and begun again is the same, because both say what the store says. */
  async trials(requests: readonly TrialRequest[], what: string): Promise<readonly TrialOutcome[]> {
    const identities = await Promise.all(requests.map((request) => this.#identityOf(request)));
    const pending = this.#pendingOf(requests, identities);
    const asked = new Set(identities.flatMap((one) => ('hash' in one ? one.hash : [])));
    const failures = await this.#run(pending, { what, known: asked.size - pending.length });
    return identities.map((identity) => {
      if ('refused' in identity) return { kind: 'refused', text: identity.refused };
      const failure = failures.get(identity.hash);
      const trial = this.#options.store.find(identity.hash);
      if (failure !== undefined || trial === undefined) {
        return { kind: 'failed', text: failure ?? 'it was not run' };
      }
      return { kind: 'done', trial };
    });
  }

  /** A trial that was made before. */
  async known(request: TrialRequest): Promise<Trial | undefined> {
    const identity = await this.#identityOf(request);
    return 'refused' in identity ? undefined : this.#options.store.find(identity.hash);
  }

  /** Runs, whole, each kept as a trial, in the order of the requests. The first that fails is
   * thrown. */
  async results(
    requests: readonly (TrialRequest & Pick<TrialTask, 'gear' | 'keep'>)[],
    what: string,
  ): Promise<readonly Kept[]> {
    const identities = await Promise.all(requests.map((request) => this.#identityOf(request)));
    const outcomes = await this.#perform<TrialDone>(
      requests.map((request) => ({ kind: 'trial', ...request })),
      { onProgress: this.#candleProgress(requests, what) },
    );
    return outcomes.map((outcome, at) => {
      const identity = identities[at] as Identity | Refused;
      if ('refused' in identity) throw new CorroError('bad_configuration', identity.refused);
      if (!outcome.ok) throw asError(outcome.fault);
      const trial = this.#keep(identity, outcome.value);
      return { result: outcome.value.result as BacktestResult, trial };
    });
  }

  /** Adds up how many candles all runs have seen. */
  #candleProgress(requests: readonly TrialRequest[], what: string) {
    const { markets, screen } = this.#options;
    const total = requests.reduce((sum, { window }) => sum + candlesIn(markets, window), 0);
    const progress = new Progress(screen, { what, total });
    const seen = requests.map(() => 0);
    return (index: number, candles: number): void => {
      seen[index] = candles;
      progress.show(
        Math.min(
          total - 1,
          seen.reduce((sum, one) => sum + one, 0),
        ),
      );
    };
  }

  /** Any tasks on this laboratory's threads and markets. */
  async perform<Result>(tasks: readonly ResearchTask[], what: string): Promise<readonly Result[]> {
    const progress = new Progress(this.#options.screen, { what, total: tasks.length });
    let done = 0;
    progress.show(0);
    const outcomes = await this.#perform<Result>(tasks, {
      onOutcome: () => progress.show((done += 1)),
    });
    return outcomes.map((outcome) => {
      if (!outcome.ok) throw asError(outcome.fault);
      return outcome.value;
    });
  }

  async #run(
    pending: readonly Pending[],
    { what, known }: { readonly what: string; readonly known: number },
  ): Promise<ReadonlyMap<string, string>> {
    const { screen } = this.#options;
    const failures = new Map<string, string>();
    if (known > 0) screen.line(`  ${known} of ${known + pending.length} trials are known already`);
    const total = known + pending.length;
    const progress = new Progress(screen, { what, total, skipped: known });
    let done = known;
    progress.show(done);
    const tasks = pending.map(
      ({ request }): TrialTask => ({ kind: 'trial', gear: 'lean', keep: 'figures', ...request }),
    );
    await this.#perform<TrialDone>(tasks, {
      onOutcome: (index, outcome) => {
        const { identity } = pending[index] as Pending;
        if (outcome.ok) this.#keep(identity, outcome.value);
        else failures.set(identity.hash, outcome.fault.text);
        progress.show((done += 1));
      },
    });
    return failures;
  }

  #perform<Result>(
    tasks: readonly ResearchTask[],
    events: Parameters<typeof runOnThreads<ResearchTask, Result>>[2],
  ): Promise<readonly Outcome<Result>[]> {
    const { markets, threads, signal } = this.#options;
    const options = { thread: THREAD, threads, shared: markets, nameOf: nameOfTask, signal };
    return runOnThreads<ResearchTask, Result>(tasks, options, events);
  }

  #keep(identity: Identity, { figures, moments, blocks }: TrialDone): Trial {
    const { command, store } = this.#options;
    const at = new Date().toISOString();
    return store.add({ ...identity, at, command, figures, moments, blocks });
  }

  #pendingOf(
    requests: readonly TrialRequest[],
    identities: readonly (Identity | Refused)[],
  ): readonly Pending[] {
    const pending = new Map<string, Pending>();
    requests.forEach((request, at) => {
      const identity = identities[at] as Identity | Refused;
      if ('refused' in identity) return;
      if (!this.#options.again && this.#options.store.find(identity.hash) !== undefined) return;
      pending.set(identity.hash, { request, identity });
    });
    return [...pending.values()];
  }

  async #identityOf(request: TrialRequest): Promise<Identity | Refused> {
    const { markets } = this.#options;
    const { strategy: wanted, account: terms, window } = request;
    const made = await describeStrategy(wanted, terms);
    if ('refused' in made) return made;
    const { name, version, parameters } = made;
    const strategy = { name, version, parameters: { ...parameters } };
    const data = stretchOf(markets, window);
    const account = fullTerms(terms, markets.quote);
    return { hash: trialHash({ strategy, data, account }), strategy, data, account };
  }
}

function candlesIn(markets: SharedMarkets, { fromMs, toMs }: Window): number {
  return seriesOf(markets).reduce(
    (sum, { candles }) => sum + candles.between(fromMs, toMs).length,
    0,
  );
}

/** A run and the trial it counts as. */
export interface Kept {
  readonly result: BacktestResult;
  readonly trial: Trial;
}

interface Refused {
  readonly refused: string;
}

function nameOfTask(task: ResearchTask): string {
  const { name, parameters } = task.strategy;
  const settings = settingsText(parameters);
  return settings === '' ? name : `${name} with ${settings}`;
}

/** `fast=5, slow=20`. */
export function settingsText(parameters: ParameterSet | Readonly<Record<string, unknown>>): string {
  return Object.entries(parameters)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ');
}

/** A thread's fault as an error again; its text says its code's words already. */
function asError({ code, text }: { readonly code: CorroError['code']; readonly text: string }) {
  return new CorroError(code, text.replace(/^[^:]*: /, ''));
}
