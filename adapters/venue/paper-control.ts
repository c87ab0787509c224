import type { Candle, Timeframe } from '../../core/market/candle.ts';
import type { Instrument } from '../../core/market/instrument.ts';

export interface TapeCandle {
  readonly symbol: string;
  readonly timeframe: Timeframe;
  readonly candle: Candle;
  /** Where the next candle opens; `null` at the tape's end. */
  readonly nextOpen: number | null;
}

/** How the paper market treats its traders; what is left out takes its default. */
export interface PaperConditions {
  readonly halfSpreadBps?: number;
  readonly levels?: number;
  readonly levelStepBps?: number;
  readonly depthShare?: number;
  readonly restingShare?: number;
  readonly makerFeeBps?: number;
  readonly takerFeeBps?: number;
  readonly weightPerMinute?: number;
}

/** One rule of a fault script: what the venue does wrong, and when. The names of faults and
 * occasions, and what the parameters mean, are in `workers/README.md`. */
export interface PaperFaultRule {
  readonly fault: string;
  /** Default `any`: every occasion at which this fault can happen. */
  readonly on?: string;
  readonly account?: string;
  /** At most one of these three; none: every time. */
  readonly probability?: number;
  readonly everyNth?: number;
  readonly atNth?: number;
  readonly between?: {
    readonly clock: 'wall' | 'market';
    readonly fromMs: number;
    readonly untilMs: number;
  };
  readonly count?: number;
  readonly parameters?: Readonly<Record<string, string | number>>;
}

export interface PaperFaultScript {
  /** 32 bit, not negative. */
  readonly seed: number;
  readonly rules: readonly PaperFaultRule[];
}

/** How often each rule could have fired and did, in the script's order. */
export interface PaperFaultReport {
  readonly script: PaperFaultScript;
  readonly rules: readonly { readonly occasions: number; readonly fired: number }[];
}

export interface PaperControl {
  /** Lists symbols; listing the same again changes nothing. */
  instruments(instruments: readonly Instrument[]): Promise<void>;
  conditions(conditions: PaperConditions): Promise<void>;
  /** Credits an account once per `depositId`; amounts are decimal strings. Resolves to whether this
   * call credited it. */
  deposit(deposit: {
    readonly depositId: string;
    readonly account: string;
    readonly deposits: Readonly<Record<string, string>>;
  }): Promise<boolean>;
  /** Moves the market to one close. Resolves to false when the venue had seen all of it. */
  tape(close: {
    readonly timeMs: number;
    readonly candles: readonly TapeCandle[];
  }): Promise<boolean>;
  /** From now on the venue lies by this script; one without rules ends that. */
  setFaults(script: PaperFaultScript): Promise<PaperFaultReport>;
  faults(): Promise<PaperFaultReport>;
  /** The venue's own log, one parsed line at a time, oldest first, from line `from` (default 1). */
  log(from?: number): AsyncGenerator<Record<string, unknown>>;
}

/** A control request the paper venue refused, or could not be reached with. `status` 0: no answer.
 */
export class PaperControlError extends Error {
  readonly status: number;
  constructor(status: number, text: string, options?: ErrorOptions) {
    super(text, options);
    this.name = 'PaperControlError';
    this.status = status;
  }
}

/** The client of the paper venue's control door. Every call may be repeated safely. Calls throw
 * `PaperControlError`. */
export function paperControl(options: {
  readonly url: string;
  readonly secret: string;
  readonly timeoutMs?: number;
}): PaperControl {
  const { url, secret, timeoutMs = 10_000 } = options;
  const headers = { 'x-corro-control': secret, 'content-type': 'application/json' };
  const request = async (path: string, init: RequestInit): Promise<Response> => {
    const signal = AbortSignal.timeout(timeoutMs);
    const response = await fetch(new URL(path, url), { ...init, headers, signal }).catch(
      (error: unknown) => {
        const why = `the paper venue at ${url} did not answer: ${String(error)}`;
        throw new PaperControlError(0, why, { cause: error });
      },
    );
    if (response.ok) return response;
    throw new PaperControlError(response.status, await refusalText(response));
  };
  const post = async (path: string, body: unknown): Promise<Record<string, unknown>> => {
    const response = await request(path, { method: 'POST', body: JSON.stringify(body) });
    return (await response.json()) as Record<string, unknown>;
  };
  return {
    instruments: async (instruments) => {
      await post('/control/instruments', instruments);
    },
    conditions: async (conditions) => {
      await post('/control/conditions', conditions);
    },
    deposit: async (deposit) => (await post('/control/accounts', deposit))['credited'] === true,
    tape: async (close) => (await post('/control/tape', close))['moved'] === true,
    setFaults: async (script) =>
      (await post('/control/faults', script)) as unknown as PaperFaultReport,
    faults: async () => {
      const response = await request('/control/faults', { method: 'GET' });
      return (await response.json()) as PaperFaultReport;
    },
    log: async function* log(from = 1) {
      const response = await request(`/control/log?from=${from}`, { method: 'GET' });
      yield* jsonLines(response);
    },
  };
}

async function refusalText(response: Response): Promise<string> {
  const text = await response.text();
  try {
    const { error } = JSON.parse(text) as { readonly error?: unknown };
    return typeof error === 'string' ? error : text.slice(0, 200);
  } catch {
    return text.slice(0, 200);
  }
}

async function* jsonLines(response: Response): AsyncGenerator<Record<string, unknown>> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of response.body ?? []) {
    const lines = (rest + decoder.decode(chunk as Uint8Array, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield JSON.parse(line) as Record<string, unknown>;
  }
}
