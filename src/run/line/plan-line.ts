import { join, resolve } from "node:path";
import type { PartName } from "../../data/source-files.ts";
import { ConfigError } from "../../errors.ts";
import type { ScoringModel } from "../score/open-teacher.ts";
import { daysOf, direction, type LineConfig, type LineStepConfig, type ResolvedLine } from "./line-config.ts";

/** One step of a line with everything filled in. */
export type PlannedStep = {
  readonly name: string;
  readonly day: number | undefined;
  /** Configuration of the run or of what is scored, and assignments on top of it. */
  readonly config: string;
  readonly sets: readonly string[];
  /** Run folder or store. */
  readonly out: string;
} & (
  | { readonly kind: "train" }
  | {
      readonly kind: "score";
      /** Run folder. */
      readonly teacher: string;
      readonly model: ScoringModel | undefined;
      readonly part: PartName;
    }
);

export interface PlanOptions {
  readonly out: string;
  /** In place of the line's own, and of the seeds of the configurations. */
  readonly seed?: number | undefined;
  /** In place of the line's own. */
  readonly days?: LineConfig["days"];
}

/**
 * The steps of a line in order, day by day.
 *
 * @throws {ConfigError} a placeholder stands in a line without days, or without a seed.
 */
export function planLine(
  { config, folder }: ResolvedLine,
  { out, seed = config.seed, days = config.days }: PlanOptions,
): readonly PlannedStep[] {
  const line: LineConfig = { ...config, ...(days && { days }) };
  const all = daysOf(line);
  return all.flatMap((day, i) => {
    const at = (step: string, of = day): string => join(resolve(out), ...(of === undefined ? [] : [`day-${of}`]), step);
    const previous = i === 0 ? undefined : all[i - 1];
    return line.steps.map((step): PlannedStep => {
      const sets = [
        ...assignments("set", line.set, { days, day, seed }),
        ...assignments(`steps.${step.name}.set`, step.set, { days, day, seed }),
        ...(seed === undefined ? [] : [`seed=${seed}`]),
        ...references(step, (name) => at(name), previous === undefined ? undefined : (name) => at(name, previous)),
      ];
      const common = { name: step.name, day, sets, out: at(step.name) };
      if ("train" in step) return { kind: "train", ...common, config: resolve(folder, step.train) };
      const { teacher, model, data: part } = step;
      return { kind: "score", ...common, config: resolve(folder, step.score), teacher: at(teacher), model, part };
    });
  });
}

interface Stand {
  readonly days: LineConfig["days"];
  readonly day: number | undefined;
  readonly seed: number | undefined;
}

/** A value that is a placeholder alone becomes a number; one within a text becomes part of it. */
function assignments(where: string, set: LineStepConfig["set"], { days, day, seed }: Stand): string[] {
  const numberOf = (placeholder: string): number => {
    if (placeholder === "seed") {
      if (seed !== undefined) return seed;
      throw new ConfigError(`${where}: {seed} must stand in a line with a seed, got none; give seed, or --seed`);
    }
    if (day === undefined || days === undefined)
      throw new ConfigError(`${where}: {${placeholder}} must stand in a line with days, got none; give --days`);
    return day + { day: 0, next: 1, after: 2 }[placeholder as "day" | "next" | "after"] * direction(days);
  };
  const fill = (text: string): string =>
    text.replace(/"\{(day|next|after|seed)\}"|\{(day|next|after|seed)\}/g, (_, alone?: string, within?: string) =>
      String(numberOf((alone ?? within)!)),
    );
  return Object.entries(set).map(([path, value]) => `${path}=${fill(JSON.stringify(value))}`);
}

/** The settings by which a run uses earlier steps. */
function references(
  step: LineStepConfig,
  at: (name: string) => string,
  before: ((name: string) => string) | undefined,
): string[] {
  if (!("train" in step)) return [];
  const { scores, frozen, start } = step;
  const run = start && (start.previousDay ? before?.(start.run) : at(start.run));
  return [
    ...(scores === undefined ? [] : [`scores.store=${JSON.stringify(at(scores))}`]),
    ...(frozen === undefined ? [] : [`frozen.run=${JSON.stringify(at(frozen))}`]),
    ...(run === undefined ? [] : [`start.encoding=${JSON.stringify(run)}`]),
    ...(run === undefined || !start!.weights ? [] : [`start.weights=${JSON.stringify(run)}`]),
  ];
}
