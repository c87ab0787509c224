import type { Logger } from 'pino';
import type { Auditor, AuditReport } from '../../ops/audit/audit.ts';
import type { AnchorKeeper } from './anchors.ts';
import type { HaltAsker } from './halts.ts';

export interface WatchOptions {
  readonly auditor: Pick<Auditor, 'run' | 'forget'>;
  readonly anchors: Pick<AnchorKeeper, 'keep'>;
  readonly halts: Pick<HaltAsker, 'stands' | 'stop'>;
  readonly everyMs: number;
  readonly log: Logger;
}

/** The first check waits for the migrations of a stack that is just starting. */
const FIRST_AFTER_MS = 3_000;
/** What was proved before is proved again from the beginning this often. */
const CHECKS_BEFORE_FORGETTING = 60;
/** A check under way may end; what it takes longer than this is left. */
const STOP_GRACE_MS = 4_000;

/** Runs the checks, one after another, and acts on what they find. */
export class Watch {
  readonly #options: WatchOptions;
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<void> = Promise.resolve();
  #stopped = false;
  #checks = 0;
  #last: AuditReport | null = null;
  #fault: string | null = null;

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  start(): void {
    this.#after(Math.min(FIRST_AFTER_MS, this.#options.everyMs));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#timer) clearTimeout(this.#timer);
    this.#options.halts.stop();
    const grace = new Promise<void>((resolve) => {
      setTimeout(resolve, STOP_GRACE_MS).unref();
    });
    await Promise.race([this.#running, grace]);
  }

  /** For `/health`. */
  facts(): Record<string, unknown> {
    const last = this.#last;
    return {
      checks: this.#checks,
      lastCheck: last && new Date(last.takenAtMs).toISOString(),
      lastCheckMs: last && Math.round(last.ms),
      violations: last?.violations ?? null,
      violated: last?.findings.filter((one) => one.violations > 0).map((one) => one.number) ?? [],
      checkFault: this.#fault,
    };
  }

  #after(delayMs: number): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      const startedAt = performance.now();
      this.#running = this.#check().finally(() => {
        this.#after(Math.max(0, this.#options.everyMs - (performance.now() - startedAt)));
      });
    }, delayMs);
  }

  async #check(): Promise<void> {
    const { auditor, halts, log } = this.#options;
    try {
      if (this.#checks % CHECKS_BEFORE_FORGETTING === 0) auditor.forget();
      const report = await auditor.run();
      this.#checks += 1;
      this.#last = report;
      this.#fault = null;
      for (const { number, says, shown, violations } of report.findings) {
        if (violations > 0)
          log.error({ number, says, violations, shown }, 'an invariant is broken');
      }
      halts.stands(report.findings.filter((finding) => finding.violations > 0));
      await this.#anchor(report);
    } catch (error) {
      // A witness that cannot be asked proves nothing, neither way.
      this.#fault = error instanceof Error ? error.message : String(error);
      log.warn({ err: error }, 'the check could not be made');
    }
  }

  /** The head of a chain that does not hold must not be signed. */
  async #anchor(report: AuditReport): Promise<void> {
    const chains = report.findings.find((finding) => finding.number === 9);
    if (chains?.violations === 0) await this.#options.anchors.keep();
  }
}
