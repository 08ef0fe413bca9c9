// U = users (or seeds)
import { assertFinite, assertSameLength, type Numbers } from "./argument-checks.ts";
import { type BootstrapOptions, bootstrap, meanOf } from "./bootstrap.ts";

/** The part of the teacher's advantage that distillation brought to the student. */
export type ShareOfGain =
  | {
      readonly kind: "share";
      /** 1: all of it; 0: none; below 0: distillation harmed; above 1: the student passed the teacher. */
      readonly share: number;
      /** Percentile interval over users; null where too many samples have a teacher that is no better. */
      readonly interval: readonly [low: number, high: number] | null;
      /** Samples in which the teacher was no better than the student alone. */
      readonly undefinedResamples: number;
    }
  | { readonly kind: "undefined"; readonly reason: string };

export interface ShareOfGainValues {
  /** [U] the metric of the student trained without the teacher. */
  readonly alone: Numbers;
  /** [U] of the distilled student. */
  readonly distilled: Numbers;
  /** [U] of the teacher. */
  readonly teacher: Numbers;
}

/**
 * Share of the teacher's gain kept: (distilled - alone) / (teacher - alone), means over the same users in the same
 * order, with a bootstrap interval. The share is the same for either direction; `direction` says what "better" is.
 *
 * @throws {ShapeError} lengths differ. @throws {DataError} a value that is not finite. @throws {ConfigError} no users,
 *   bad bootstrap options.
 */
export function shareOfGain(
  values: ShareOfGainValues,
  { direction, ...options }: BootstrapOptions & { readonly direction: "max" | "min" },
): ShareOfGain {
  const { alone, distilled, teacher } = values;
  assertSameLength("shareOfGain", { alone, distilled, teacher });
  for (const [name, array] of Object.entries(values)) assertFinite("shareOfGain", name, array);
  const sign = direction === "max" ? 1 : -1;
  const share = (sample: Int32Array): number | null => {
    const base = meanOf(alone, sample);
    const lead = sign * (meanOf(teacher, sample) - base);
    return lead > 0 ? (sign * (meanOf(distilled, sample) - base)) / lead : null;
  };
  const { value, interval, undefinedResamples } = bootstrap(alone.length, share, options);
  if (value === null) return { kind: "undefined", reason: "the teacher is no better than the student alone" };
  return { kind: "share", share: value, interval, undefinedResamples };
}
