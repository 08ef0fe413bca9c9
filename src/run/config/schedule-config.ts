import { z } from "zod";
import { strict, unknownChoice } from "../../config-schema.ts";
import type { Schedule } from "../../distill/schedule.ts";

const steps = z.int().min(1).max(1_000_000_000);

/** Schedules of numbers that lie in `value`. A bare number is a constant schedule. */
function scheduleSchema(value: z.ZodNumber, what: string) {
  const ends = { from: value, to: value, steps: steps.describe("Steps from one to the other.") };
  const plain = [
    strict({ kind: z.literal("constant"), value }),
    strict({ kind: z.literal("linear"), ...ends }),
    strict({ kind: z.literal("cosine"), ...ends }),
    strict({ kind: z.literal("exponential"), ...ends, from: value.positive(), to: value.positive() }),
    strict({ kind: z.literal("step"), value, every: steps, factor: z.number().positive() }),
  ] as const;
  const warmUp = strict({ kind: z.literal("warm-up"), value, steps, delay: z.int().min(0).default(0) });
  const joinedOf = <T extends z.ZodType>(part: T) =>
    strict({
      kind: z.literal("joined"),
      parts: z
        .array(strict({ schedule: part, steps: steps.optional().describe("Every part but the last.") }))
        .min(2)
        .superRefine((parts, context) => {
          parts.forEach(({ steps: length }, i) => {
            if ((length === undefined) !== (i === parts.length - 1))
              context.addIssue({
                code: "custom",
                path: [i, "steps"],
                message: i === parts.length - 1 ? "the last part goes on to the end" : "must be given",
              });
          });
        }),
    });
  return { plain, warmUp, joinedOf, what };
}

const KINDS = ["constant", "linear", "cosine", "exponential", "step", "warm-up", "joined"] as const;

/** Turns a bare number into a constant schedule. */
const asSchedule = (given: unknown): unknown =>
  typeof given === "number" ? { kind: "constant", value: given } : given;

function errors(kinds: readonly string[], what: string) {
  const ofKind = unknownChoice(kinds, "kind").error;
  return {
    error: (issue: { readonly code?: string; readonly input?: unknown }): string | undefined => {
      const isMap = typeof issue.input === "object" && issue.input !== null;
      return isMap ? ofKind(issue as never) : `must be ${what}, or a schedule: a map with kind`;
    },
  };
}

const weightNumber = z.number().min(0);
const forWeight = scheduleSchema(weightNumber, "a number >= 0");
const weightPart = z.preprocess(
  asSchedule,
  z.discriminatedUnion("kind", [...forWeight.plain, forWeight.warmUp], errors(KINDS.slice(0, -1), forWeight.what)),
);
const uncertainty = strict({
  kind: z.literal("uncertainty").describe("Learned: loss / (2 sigma^2) + log sigma, Kendall et al. (2018)."),
  initial: z.number().default(0).describe("First value of log sigma^2."),
});

/** Weight of a term: a number, a schedule over steps, or learned. */
export const weightConfig = z
  .preprocess(
    asSchedule,
    z.discriminatedUnion(
      "kind",
      [...forWeight.plain, forWeight.warmUp, forWeight.joinedOf(weightPart), uncertainty],
      errors([...KINDS, "uncertainty"], forWeight.what),
    ),
  )
  .prefault(1);

const forTemperature = scheduleSchema(z.number().positive(), "a number > 0");
const temperaturePart = z.preprocess(
  asSchedule,
  z.discriminatedUnion("kind", [...forTemperature.plain], errors(KINDS.slice(0, 5), forTemperature.what)),
);

/** Temperature of a term: a number, or a schedule over steps that stays above 0. */
export const temperatureConfig = z.preprocess(
  asSchedule,
  z.discriminatedUnion(
    "kind",
    [...forTemperature.plain, forTemperature.joinedOf(temperaturePart)],
    errors([...KINDS.slice(0, 5), "joined"], forTemperature.what),
  ),
);

export type WeightConfig = z.infer<typeof weightConfig>;
export type TemperatureConfig = z.infer<typeof temperatureConfig>;

/** The weight's schedule on the host: a learned weight multiplies 1. */
export function weightSchedule(weight: WeightConfig): Schedule {
  return weight.kind === "uncertainty" ? { kind: "constant", value: 1 } : weight;
}
