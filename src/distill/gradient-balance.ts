import { ConfigError } from "../errors.ts";

export interface BalanceOptions {
  /** Strength of the pull towards terms that learn more slowly; 0 makes all norms alike. >= 0. */
  readonly alpha: number;
  /** Share of the way to the target in one adjustment, in logs; in (0, 1]. */
  readonly rate: number;
}

/** What balancing keeps between adjustments: plain JSON, for checkpoints. */
export interface BalanceState {
  /** Factor of each term's own weight; their product is 1. */
  readonly factors: Readonly<Record<string, number>>;
  /** Each term's loss at the first adjustment. */
  readonly firstLosses: Readonly<Record<string, number>>;
}

/** What is known of each term at an adjustment. */
export interface TermGradients {
  /** Norm of the gradient of the weighted term, factor included; >= 0. */
  readonly norms: Readonly<Record<string, number>>;
  readonly losses: Readonly<Record<string, number>>;
}

/**
 * Factors of the terms' weights after an adjustment: norms go towards G_k = mean(norms) r_k^alpha, with r_k the share of
 * its first loss that a term still has, relative to the terms' mean share.
 *
 *     f_k <- f_k (G_k / norm_k)^rate, divided by the geometric mean of all f
 *
 * Terms without a gradient or without a positive first loss keep their factor.
 *
 * @throws {ConfigError} alpha or rate is out of range.
 *
 * Source: Chen et al. (ICML 2018), GradNorm, section 3.1, eq. 1-2, for the target; reached by a multiplicative step
 * instead of gradient descent on the weights.
 */
export function balanceGradients(
  state: BalanceState | undefined,
  { norms, losses }: TermGradients,
  { alpha, rate }: BalanceOptions,
): BalanceState {
  if (!(alpha >= 0 && rate > 0 && rate <= 1))
    throw new ConfigError(`balanceGradients: alpha must be >= 0 and rate in (0, 1], got ${alpha} and ${rate}`);
  const names = Object.keys(norms);
  const firstLosses = state?.firstLosses ?? losses;
  const factors = Object.fromEntries(names.map((name) => [name, state?.factors[name] ?? 1]));
  const active = names.filter((name) => norms[name]! > 0 && firstLosses[name]! > 0 && losses[name]! > 0);
  if (active.length < 2) return { factors, firstLosses };
  const mean = (of: (name: string) => number): number =>
    active.reduce((sum, name) => sum + of(name), 0) / active.length;
  const remaining = (name: string): number => losses[name]! / firstLosses[name]!;
  const [meanNorm, meanRemaining] = [mean((name) => norms[name]!), mean(remaining)];
  for (const name of active) {
    const target = meanNorm * (remaining(name) / meanRemaining) ** alpha;
    factors[name] = factors[name]! * (target / norms[name]!) ** rate;
  }
  const geometric = Math.exp(mean((name) => Math.log(factors[name]!)));
  for (const name of active) factors[name] = factors[name]! / geometric;
  return { factors, firstLosses };
}
