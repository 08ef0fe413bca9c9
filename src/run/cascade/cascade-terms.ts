import { weightInput } from "../../distill/objective.ts";
import { scheduleValue } from "../../distill/schedule.ts";
import { type TermParameters, termParameters } from "../../distill/terms/term-parameters.ts";
import { type ParameterScope, subscope } from "../../nn/dense.ts";
import { weightSchedule } from "../config/schedule-config.ts";
import type { CascadeRunConfig, PhaseConfig, TermConfig } from "./cascade-config.ts";
import { temperatureInput } from "./objective.ts";

/** Optimiser group of what terms learn beside the models. */
export const TERMS = "terms";

/** Name of a term in logs: who learns what from whom where. */
export function termName({ stage, space, loss, tutor }: TermConfig): string {
  return [stage.join("+"), loss.kind, space, ...(tutor === undefined ? [] : [`from-${tutor}`])].join("/");
}

/** The phases in the order in which they first run. */
export const allPhases = ({
  warmUp,
  round,
  finish,
}: Pick<CascadeRunConfig, "warmUp" | "round" | "finish">): readonly PhaseConfig[] => [...warmUp, ...round, ...finish];

/** Stages that a phase trains. */
export const learnersOf = ({ terms }: Pick<PhaseConfig, "terms">): readonly string[] => [
  ...new Set(terms.flatMap(({ stage }) => stage)),
];

/** Whether a term has parameters of its own: a learned alpha, or the scale of the student's scores. */
export const isLearning = ({ loss }: TermConfig): boolean =>
  loss.kind === "adaptive-ranking" ||
  loss.kind === "cascade-ranking" ||
  ("scaleStudent" in loss && loss.scaleStudent === true);

/** What one term learns: its own parameters, or, of cascade-ranking, a balance for each stage. */
export type OwnParameters = TermParameters | Readonly<Record<string, TermParameters>>;

/** The parameters of all terms, by phase and term. */
export function parametersOfTerms(
  config: CascadeRunConfig,
): Readonly<Record<string, Readonly<Record<string, OwnParameters>>>> {
  return Object.fromEntries(
    allPhases(config).map((phase) => {
      const own = phase.terms.filter(isLearning).map((term) => {
        const scope = { name: `${TERMS}/${phase.name}/${termName(term)}`, group: TERMS, seed: config.seed };
        return [termName(term), ownParameters(term, scope)] as const;
      });
      return [phase.name, Object.fromEntries(own)];
    }),
  );
}

function ownParameters({ loss, stage }: TermConfig, scope: ParameterScope): OwnParameters {
  if (loss.kind === "cascade-ranking")
    return Object.fromEntries(stage.map((name) => [name, termParameters(subscope(scope, name), { alpha: true })]));
  const scaleStudent = "scaleStudent" in loss && loss.scaleStudent === true;
  return termParameters(scope, { scaleStudent, alpha: loss.kind === "adaptive-ranking" });
}

/** A step's inputs: weights and temperatures of a phase's terms, `step` steps after the phase began. */
export function phaseInputs({ terms }: PhaseConfig, step: number): Readonly<Record<string, number>> {
  const inputs: Record<string, number> = {};
  for (const term of terms) {
    inputs[weightInput(termName(term))] = scheduleValue(weightSchedule(term.weight), step);
    const { loss } = term;
    if ("temperature" in loss && typeof loss.temperature === "object")
      inputs[temperatureInput(termName(term))] = scheduleValue(loss.temperature, step);
  }
  return inputs;
}
