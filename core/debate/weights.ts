import type { Role } from '../assistants/role.ts';
import { REGIMES, type Regime } from '../features/reading.ts';

/** What each assistant's vote weighs: whole numbers, 0 … 1,000,000. Only their ratios matter. */
export type Weights = Readonly<Record<Role, number>>;

/** Weights are earned per regime; this is the content of one `weights` version. */
export type RegimeWeights = Readonly<Record<Regime, Weights>>;

/** A user's multipliers in basis points: 10,000 leaves a weight as it is. Absent = unchanged. */
export type UserWeights = Readonly<Partial<Record<Role, number>>>;

export const UNCHANGED_BP = 10_000;

export const EQUAL_WEIGHTS: Weights = forEveryRole(() => 10_000);

/** Version 1 of the weights: nothing has been earned yet. */
export const EQUAL_REGIME_WEIGHTS: RegimeWeights = Object.fromEntries(
  REGIMES.map((regime) => [regime, EQUAL_WEIGHTS]),
) as Record<Regime, Weights>;

/** Assistants whose ballots rest on text (news, social): capped together, see SPEC.md. */
export const TEXT_ROLES: readonly Role[] = ['fundamental_analyst'];

/** Base × user, exactly. The result may be as large as 1e11, so still an exact double. */
export function applyUserWeights(base: Weights, user: UserWeights): Weights {
  return forEveryRole((role) => base[role] * (user[role] ?? UNCHANGED_BP));
}

export function forEveryRole<T>(value: (role: Role) => T): Record<Role, T> {
  return {
    market_monitor: value('market_monitor'),
    technical_analyst: value('technical_analyst'),
    fundamental_analyst: value('fundamental_analyst'),
    risk_manager: value('risk_manager'),
    strategist: value('strategist'),
    executor: value('executor'),
    auditor: value('auditor'),
  };
}
