import type { Action, Stance } from '../assistants/speech.ts';
import type { BootstrapTerms, DebateWorth, Interval } from '../judgement/assessment.ts';
import { PairedScores } from '../judgement/difference.ts';
import { netReturn } from '../judgement/outcome.ts';
import { brierOfShares, type Shares } from '../judgement/score.ts';
import {
  ARMS,
  type Arm,
  type ArmWorth,
  type SettledMotion,
  type SettledOpinion,
} from './contract.ts';

type Decided = SettledMotion & { readonly decision: NonNullable<SettledMotion['decision']> };

const ARM_NAMES = {
  voteWithoutDebate: 'the vote without debate',
  bestSingle: 'the best single assistant',
  hold: 'holding still',
} as const satisfies Record<Arm, string>;

/** The ring against one arm, gathered motion by motion in order of time. */
class ArmSheet {
  readonly #arm: Arm;
  readonly #roundTripCost: number;
  readonly #net = new PairedScores();
  readonly #brier = new PairedScores();
  #motions = 0;
  #differing = 0;

  constructor(arm: Arm, roundTripCost: number) {
    this.#arm = arm;
    this.#roundTripCost = roundTripCost;
  }

  add(motion: Decided): void {
    const { closeTimeMs, outcome, decision, opinions } = motion;
    const action = actionOf(this.#arm, decision.arms);
    this.#motions += 1;
    if (action !== decision.action) this.#differing += 1;
    const made = (one: Action): number => netReturn(one, outcome.move, this.#roundTripCost);
    this.#net.add(closeTimeMs, made(decision.action) - made(action));
    const [own, other] = [pooled(opinions, 'last'), beliefOf(this.#arm, motion)];
    if (own === null || other === null) return;
    this.#brier.add(
      closeTimeMs,
      brierOfShares(other, outcome.label) - brierOfShares(own, outcome.label),
    );
  }

  result(bootstrap: BootstrapTerms): ArmWorth {
    const figures = {
      arm: this.#arm,
      motions: this.#motions,
      differing: this.#differing,
      net: this.#net.result(bootstrap),
      brier: this.#brier.result(bootstrap),
    };
    const verdict = verdictOf(figures);
    return { ...figures, verdict, words: wordsOf({ ...figures, verdict }) };
  }
}

/** What the debate added over each way of deciding without one. */
export class ArmSheets {
  readonly #sheets: readonly ArmSheet[];

  /** `roundTripCost`: of getting in and out, a fraction of the price. */
  constructor(roundTripCost: number) {
    this.#sheets = ARMS.map((arm) => new ArmSheet(arm, roundTripCost));
  }

  add(motion: Decided): void {
    for (const sheet of this.#sheets) sheet.add(motion);
  }

  /** In the order of `ARMS`. */
  results(bootstrap: BootstrapTerms): readonly ArmWorth[] {
    return this.#sheets.map((sheet) => sheet.result(bootstrap));
  }
}

/** An arm that had nobody to follow holds still. */
function actionOf(arm: Arm, arms: Decided['decision']['arms']): Action {
  return arms[arm]?.action ?? 'HOLD';
}

/** What an arm believed of a motion; `null` when nobody spoke. */
function beliefOf(arm: Arm, { opinions, decision }: Decided): Shares | null {
  if (arm === 'hold') return [0, 0, 1];
  if (arm === 'voteWithoutDebate') return pooled(opinions, 'first');
  const role = decision.arms.bestSingle?.role;
  const first = opinions.find((one) => one.role === role)?.first ?? null;
  return first === null ? null : sharesOf(first);
}

/** Mean of the assistants' stances, everyone alike: the linear opinion pool (Stone, Annals of
 * Mathematical Statistics 32, 1961). Weights are left out, or a score would be about them. */
function pooled(opinions: readonly SettledOpinion[], when: 'first' | 'last'): Shares | null {
  let [buy, sell, hold, count] = [0, 0, 0, 0];
  for (const { [when]: stance } of opinions) {
    if (stance === null) continue;
    buy += stance.buyBp;
    sell += stance.sellBp;
    hold += stance.holdBp;
    count += 10_000;
  }
  return count === 0 ? null : [buy / count, sell / count, hold / count];
}

function sharesOf({ buyBp, sellBp, holdBp }: Stance): Shares {
  return [buyBp / 10_000, sellBp / 10_000, holdBp / 10_000];
}

type Figures = Omit<ArmWorth, 'verdict' | 'words'>;

/** By what the actions made. Two that never wanted something else are worth the same. */
function verdictOf({ motions, differing, net }: Figures): DebateWorth['verdict'] {
  if (motions > 0 && differing === 0) return 'nothing';
  if (net.interval === null) return 'unknown';
  if (net.interval.low > 0) return 'adds';
  return net.interval.high < 0 ? 'costs' : 'nothing';
}

function wordsOf(figures: Omit<ArmWorth, 'words'>): string {
  const { arm, motions, differing, net, verdict } = figures;
  const name = ARM_NAMES[arm];
  if (motions === 0) return `nothing decided has settled yet: nothing to hold against ${name}`;
  if (differing === 0) {
    return `the debate adds nothing: in all of ${counted(motions)} it came to what ${name} came to`;
  }
  const apart = `they differ in ${differing} of ${counted(motions)}`;
  if (net.mean === null || net.interval === null) {
    return `too few motions to tell the debate from ${name}: ${apart}`;
  }
  const size = `${basisPoints(net.mean)} a motion, ${spanOf(net.interval)}`;
  if (verdict === 'adds') return `the debate adds over ${name}: ${size}; ${apart}`;
  if (verdict === 'costs') return `the debate costs against ${name}: ${size}; ${apart}`;
  return `the debate adds nothing that can be shown over ${name}: ${size}; ${apart}`;
}

function counted(motions: number): string {
  return motions === 1 ? '1 motion' : `${motions} motions`;
}

function spanOf({ low, high, level }: Interval): string {
  const share = Number((100 * level).toPrecision(6));
  return `${share} % interval ${basisPoints(low)} to ${basisPoints(high)}`;
}

function basisPoints(fraction: number): string {
  const text = Math.abs(10_000 * fraction).toFixed(1);
  const sign = Number(text) === 0 ? '' : fraction < 0 ? '-' : '+';
  return `${sign}${text} bp`;
}
