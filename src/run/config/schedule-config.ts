import { z } from "zod";
import { strict, unknownChoice } from "../../config-schema.ts";
import type { Schedule } from "../../distill/schedule.ts";

const steps = z.int().min(1).max(1_000_000_000);

/** Schedules of numbers that `value` allows; a bare number is constant. */
function schedules(value: z.ZodNumber) {
  const ends = { from: value, to: value, steps: steps.describe("Steps from one to the other.") };
  return [
    strict({ kind: z.literal("linear"), ...ends }),
    strict({ kind: z.literal("cosine"), ...ends }),
    strict({ kind: z.literal("exponential"), ...ends, from: value.positive(), to: value.positive() }),
    strict({ kind: z.literal("step"), value, every: steps, factor: z.number().positive() }),
  ] as const;
}

const warmUp = strict({
  kind: z.literal("warm-up").describe("0 for `delay` steps, then up to the value."),
  value: z.number().min(0),
  steps,
  delay: z.int().min(0).default(0),
});

function joined<T extends z.ZodType>(schedule: T) {
  return strict({
    kind: z.literal("joined"),
    parts: z
      .array(strict({ schedule, steps: steps.optional().describe("Every part but the last.") }))
      .min(2)
      .superRefine((parts, context) => {
        parts.forEach(({ steps: length }, i) => {
          const isLast = i === parts.length - 1;
          if ((length === undefined) === isLast) return;
          const message = isLast ? "the last part goes on to the end" : "must be given";
          context.addIssue({ code: "custom", path: [i, "steps"], message });
        });
      }),
  });
}

const PLAIN = ["linear", "cosine", "exponential", "step"];
const expected = (what: string) => ({ error: () => `must be ${what}, or a schedule: a map with kind` });

const weightNumber = z.number().min(0);
const weightPart = z.union(
  [
    weightNumber,
    z.discriminatedUnion("kind", [...schedules(weightNumber), warmUp], unknownChoice([...PLAIN, "warm-up"], "kind")),
  ],
  expected("a number >= 0"),
);
const uncertainty = strict({
  kind: z.literal("uncertainty").describe("Learned: loss / (2 sigma^2) + log sigma, Kendall et al. (2018)."),
  initial: z.number().default(0).describe("First value of log sigma^2."),
});

/** Weight of a term: a number, a schedule over steps, or learned. */
export const weightConfig = z
  .union(
    [
      weightNumber,
      z.discriminatedUnion(
        "kind",
        [...schedules(weightNumber), warmUp, joined(weightPart), uncertainty],
        unknownChoice([...PLAIN, "warm-up", "joined", "uncertainty"], "kind"),
      ),
    ],
    expected("a number >= 0"),
  )
  .default(1);

/** Learning rate: a number, or a schedule over steps. */
export const rateConfig = z.union(
  [
    z.number().positive(),
    z.discriminatedUnion(
      "kind",
      [...schedules(weightNumber), warmUp, joined(weightPart)],
      unknownChoice([...PLAIN, "warm-up", "joined"], "kind"),
    ),
  ],
  expected("a number > 0"),
);

const temperatureNumber = z.number().positive();
const temperaturePart = z.union(
  [temperatureNumber, z.discriminatedUnion("kind", schedules(temperatureNumber), unknownChoice(PLAIN, "kind"))],
  expected("a number > 0"),
);

/** Temperature of a term: a number, or a schedule over steps that stays above 0. */
export const temperatureConfig = z.union(
  [
    temperatureNumber,
    z.discriminatedUnion(
      "kind",
      [...schedules(temperatureNumber), joined(temperaturePart)],
      unknownChoice([...PLAIN, "joined"], "kind"),
    ),
  ],
  expected("a number > 0"),
);

export type WeightConfig = z.infer<typeof weightConfig>;
export type TemperatureConfig = z.infer<typeof temperatureConfig>;

/** True for a weight that the run learns. */
export const isLearned = (weight: WeightConfig): weight is Extract<WeightConfig, { readonly kind: "uncertainty" }> =>
  typeof weight === "object" && weight.kind === "uncertainty";

/** The weight's schedule on the host: a learned weight multiplies 1. */
export const weightSchedule = (weight: WeightConfig): Schedule => (isLearned(weight) ? 1 : weight);
