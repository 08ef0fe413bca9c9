import { ConfigError } from "../errors.ts";

/** A number that may change while training goes on: a weight, or a temperature. Steps count from 0. */
export type Schedule =
  /** The same at every step. */
  | number
  /** From one value to another in a straight line, then constant. */
  | { readonly kind: "linear"; readonly from: number; readonly to: number; readonly steps: number }
  /** From one value to another along half a cosine, then constant. */
  | { readonly kind: "cosine"; readonly from: number; readonly to: number; readonly steps: number }
  /** From one value to another by equal factors, then constant; both > 0. */
  | { readonly kind: "exponential"; readonly from: number; readonly to: number; readonly steps: number }
  /** `value`, multiplied by `factor` after every `every` steps. */
  | { readonly kind: "step"; readonly value: number; readonly every: number; readonly factor: number }
  /** 0 for `delay` steps, then up to `value` in a straight line of `steps`, then constant. */
  | { readonly kind: "warm-up"; readonly value: number; readonly steps: number; readonly delay?: number | undefined }
  /** One schedule after another: each but the last for its steps, each counting from 0 where it begins. */
  | {
      readonly kind: "joined";
      readonly parts: readonly { readonly schedule: Schedule; readonly steps?: number | undefined }[];
    };

/**
 * The value at a step.
 *
 * @param step - whole number >= 0.
 */
export function scheduleValue(schedule: Schedule, step: number): number {
  if (typeof schedule === "number") return schedule;
  switch (schedule.kind) {
    case "linear":
      return between(schedule.from, schedule.to, progress(step, schedule.steps));
    case "cosine":
      return between(schedule.from, schedule.to, (1 - Math.cos(Math.PI * progress(step, schedule.steps))) / 2);
    case "exponential":
      return schedule.from * (schedule.to / schedule.from) ** progress(step, schedule.steps);
    case "step":
      return schedule.value * schedule.factor ** Math.floor(step / schedule.every);
    case "warm-up":
      return schedule.value * progress(Math.max(0, step - (schedule.delay ?? 0)), schedule.steps);
    case "joined":
      return joinedValue(schedule.parts, step);
  }
}

const progress = (step: number, steps: number): number => Math.min(step / steps, 1);

/** Exactly `to` at the end. */
const between = (from: number, to: number, share: number): number => (share === 1 ? to : from + (to - from) * share);

function joinedValue(parts: Extract<Schedule, { kind: "joined" }>["parts"], step: number): number {
  let start = 0;
  for (const { schedule, steps = Number.POSITIVE_INFINITY } of parts) {
    if (step < start + steps) return scheduleValue(schedule, step - start);
    start += steps;
  }
  throw new ConfigError(`schedule: step must be within the joined parts, which end at ${start}, got ${step}`);
}

/** What a schedule's values must satisfy. */
export interface ScheduleRange {
  /** Smallest value that it may take. Default 0. */
  readonly least?: number;
  /** It may not even take that. Default false. */
  readonly exclusive?: boolean;
}

/**
 * Checks a schedule.
 *
 * @throws {ConfigError} a number of steps is no whole number >= 1, the last joined part ends, another does not, or a value
 *   may leave the range.
 */
export function checkSchedule(where: string, schedule: Schedule, range: ScheduleRange = {}): void {
  const { least = 0, exclusive = false } = range;
  if (typeof schedule === "object" && schedule.kind === "joined") {
    checkJoined(where, schedule.parts, range);
    return;
  }
  if (typeof schedule === "object" && schedule.kind === "warm-up" && exclusive)
    throw new ConfigError(`${where}: schedule must stay > ${least}, got a warm-up, which begins at 0`);
  const { values, steps, factors } = numbersOf(schedule);
  for (const [name, value] of Object.entries(values))
    if (!(Number.isFinite(value) && (exclusive ? value > least : value >= least)))
      throw new ConfigError(
        `${where}: ${name} must be a finite number ${exclusive ? ">" : ">="} ${least}, got ${value}`,
      );
  for (const [name, value] of Object.entries(factors))
    if (!(value > 0 && Number.isFinite(value)))
      throw new ConfigError(`${where}: ${name} must be a finite number > 0, got ${value}`);
  for (const [name, value] of Object.entries(steps)) {
    const first = name === "delay" ? 0 : 1;
    if (!(Number.isInteger(value) && value >= first))
      throw new ConfigError(`${where}: ${name} must be a whole number >= ${first}, got ${value}`);
  }
}

interface ScheduleNumbers {
  readonly values: Readonly<Record<string, number>>;
  readonly steps: Readonly<Record<string, number>>;
  /** Numbers that must not be 0. */
  readonly factors: Readonly<Record<string, number>>;
}

function numbersOf(schedule: Exclude<Schedule, { kind: "joined" }>): ScheduleNumbers {
  const nothing = { steps: {}, factors: {} };
  if (typeof schedule === "number") return { ...nothing, values: { value: schedule } };
  switch (schedule.kind) {
    case "linear":
    case "cosine":
    case "exponential": {
      const ends = { from: schedule.from, to: schedule.to };
      return { values: ends, steps: { steps: schedule.steps }, factors: schedule.kind === "exponential" ? ends : {} };
    }
    case "step":
      return {
        values: { value: schedule.value },
        steps: { every: schedule.every },
        factors: { factor: schedule.factor },
      };
    case "warm-up":
      return {
        ...nothing,
        values: { value: schedule.value },
        steps: { steps: schedule.steps, delay: schedule.delay ?? 0 },
      };
  }
}

function checkJoined(where: string, parts: Extract<Schedule, { kind: "joined" }>["parts"], range: ScheduleRange): void {
  if (parts.length < 2) throw new ConfigError(`${where}: parts must be at least two, got ${parts.length}`);
  parts.forEach(({ schedule, steps }, i) => {
    const place = `${where}: parts[${i}]`;
    const last = i === parts.length - 1;
    if (last && steps !== undefined)
      throw new ConfigError(`${place}.steps must not be given, as nothing follows the last part, got ${steps}`);
    if (!last && !(Number.isInteger(steps) && steps! >= 1))
      throw new ConfigError(`${place}.steps must be a whole number >= 1, got ${steps}`);
    checkSchedule(place, schedule, range);
  });
}
