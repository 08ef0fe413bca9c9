import type { StageState } from "../distill/curriculum.ts";
import type { BalanceState } from "../distill/gradient-balance.ts";
import { weightInput } from "../distill/objective.ts";
import { scheduleValue } from "../distill/schedule.ts";
import type { DistillTerm } from "./config/distill-config.ts";
import type { HardLossConfig } from "./config/hard-loss-config.ts";
import type { RunConfig } from "./config/run-config.ts";
import { type WeightConfig, weightSchedule } from "./config/schedule-config.ts";

/** What weights and temperatures depend on. */
export interface TermState {
  /** Steps done. */
  readonly step: number;
  readonly stage?: StageState | undefined;
  readonly balance?: BalanceState | undefined;
}

/** Name of a hard loss among the terms. */
export const hardName = ({ kind, label, name = `${kind}/${label}` }: HardLossConfig): string => `student/${name}`;
/** Name of a distillation term among the terms. */
export const distillName = ({ name }: DistillTerm): string => `distill/${name}`;
/** Input that holds a term's temperature where it follows a schedule. */
export const temperatureInput = (name: string): string => `temperature/${name}`;
/** Input that is 1 once the memory bank's items are used. */
export const BANK_INPUT = "bank/isOn";

/** A term of the student, hard or distilled. */
export interface StudentTerm {
  readonly name: string;
  readonly kind: "hard" | "distill";
  readonly weight: WeightConfig;
  /** Stages that it belongs to; undefined: all. */
  readonly stages: readonly string[] | undefined;
}

/** The student's terms in the order of the step. */
export function studentTerms({ student, distill }: Pick<RunConfig, "student" | "distill">): readonly StudentTerm[] {
  const hard = (student?.losses ?? []).map((loss) => ({ ...pick(loss), name: hardName(loss), kind: "hard" as const }));
  return [...hard, ...distill.map((term) => ({ ...pick(term), name: distillName(term), kind: "distill" as const }))];
}

const pick = ({ weight, stages }: HardLossConfig | DistillTerm) => ({ weight, stages });

/** A step's inputs: weights of the terms, temperatures that change, and whether the bank is used. */
export function termInputs(config: RunConfig, state: TermState): Readonly<Record<string, number>> {
  const inputs: Record<string, number> = {};
  for (const [head, weight] of Object.entries((config.train.teacher && config.teacher?.weights) ?? {}))
    inputs[weightInput(`teacher/${head}`)] = weight;
  const stage = config.train.stages?.[state.stage?.index ?? 0]?.name;
  for (const { name, weight, stages } of studentTerms(config)) {
    const isOn = stage === undefined || stages === undefined || stages.includes(stage);
    const factor = state.balance?.factors[name] ?? 1;
    inputs[weightInput(name)] = isOn ? factor * scheduleValue(weightSchedule(weight), state.step) : 0;
  }
  for (const term of config.distill)
    if ("temperature" in term && typeof term.temperature !== "number")
      inputs[temperatureInput(distillName(term))] = scheduleValue(term.temperature, state.step);
  const bank = config.inBatch?.bank;
  if (bank !== undefined) inputs[BANK_INPUT] = state.step >= bank.after ? 1 : 0;
  return inputs;
}
