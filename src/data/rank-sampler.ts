import { ConfigError } from "../errors.ts";
import type { RandomStream } from "../random.ts";

/** Which places of a user's ranked list are drawn. Ranks are 1, 2, ... */
export type RankSampling =
  /** All ranks from `from` to `to` alike: ranks 101 to 500, say, which are hard but rarely positive. */
  | { readonly kind: "window"; readonly from: number; readonly to: number }
  /**
   * Rank r with probability ~ exp(-r / (ranks temperature)) for r <= ranks; with `tournament` two are drawn and the better
   * one is kept.
   */
  | {
      readonly kind: "exponential";
      readonly ranks: number;
      readonly temperature: number;
      readonly tournament: boolean;
    };

/** @throws {ConfigError} a number of the sampling is out of range. */
export function checkRankSampling(where: string, sampling: RankSampling): void {
  const whole = (name: string, value: number): void => {
    if (!(Number.isInteger(value) && value >= 1))
      throw new ConfigError(`${where}: ${name} must be a whole number >= 1, got ${value}`);
  };
  if (sampling.kind === "window") {
    whole("from", sampling.from);
    whole("to", sampling.to);
    if (sampling.from > sampling.to)
      throw new ConfigError(`${where}: from must be <= to, got ${sampling.from} and ${sampling.to}`);
    return;
  }
  whole("ranks", sampling.ranks);
  if (!(sampling.temperature > 0))
    throw new ConfigError(`${where}: temperature must be > 0, got ${sampling.temperature}`);
}

/** The deepest rank that a sampling may draw: how long the ranked lists must be. */
export function deepestRank(sampling: RankSampling): number {
  return sampling.kind === "window" ? sampling.to : sampling.ranks;
}

/**
 * Draws one rank, of a list of which the first `available` places are filled; undefined where none of them may be drawn.
 *
 * Source: window: Huang et al. (KDD 2020), arXiv:2006.11632, section 6.1.2; exponential with tournament: Lee et al.
 * (ICDM 2019), arXiv:1911.05276, section IV.
 */
export function drawRank(sampling: RankSampling, available: number, stream: RandomStream): number | undefined {
  if (sampling.kind === "window") {
    const last = Math.min(sampling.to, available);
    return last < sampling.from ? undefined : sampling.from + stream.integer(last - sampling.from + 1);
  }
  if (available < 1) return undefined;
  const draw = (): number => drawExponential(sampling, Math.min(sampling.ranks, available), stream);
  return sampling.tournament ? Math.min(draw(), draw()) : draw();
}

/** The inverse of the truncated geometric distribution's sum. */
function drawExponential(
  { ranks, temperature }: { readonly ranks: number; readonly temperature: number },
  last: number,
  stream: RandomStream,
): number {
  const step = 1 / (ranks * temperature);
  const whole = -Math.expm1(-last * step);
  const rank = Math.ceil(-Math.log1p(-stream.uniform() * whole) / step);
  return Math.min(Math.max(rank, 1), last);
}
