import type { FeatureSpec } from "../../data/dataset.ts";
import type { Optimiser } from "../../engine/optimisers/index.ts";
import type { ParameterTree, Values } from "../../engine/parameters.ts";
import type { Entries } from "../../engine/step.ts";
import { optimiserOf } from "../optimisers.ts";
import type { CascadeRunConfig, PhaseConfig } from "./cascade-config.ts";
import { allPhases, isLearning, learnersOf, parametersOfTerms, TERMS } from "./cascade-terms.ts";
import { type CascadeModels, type CascadeParameters, phaseStep } from "./phase-step.ts";
import { buildStage, type StageModel } from "./stage-model.ts";

export function buildCascade(
  { stages, seed, labels }: CascadeRunConfig,
  features: readonly FeatureSpec[],
): CascadeModels {
  return new Map(stages.map(({ name, model }) => [name, buildStage(name, model, features, { seed, labels })]));
}

/** Parameters of the stages by name, and of the terms. */
export function cascadeParameters(config: CascadeRunConfig, models: CascadeModels): CascadeParameters {
  const stages = [...models].map(([name, model]) => [name, model.parameters] as const);
  return { ...Object.fromEntries(stages), [TERMS]: parametersOfTerms(config) };
}

/** The entries of a cascade's program: `pairs/<stage>`, `users` and `items` of the first stage, `phase/<name>`. */
export function cascadeEntries(
  config: CascadeRunConfig,
  models: CascadeModels,
  numItems: number,
): Entries<CascadeParameters> {
  const entries: Record<string, Entries<CascadeParameters>[string]> = {};
  for (const [name, model] of models) {
    const own = (values: Values<CascadeParameters>): Values<ParameterTree> => values[name]!;
    entries[`pairs/${name}`] = {
      kind: "forward",
      forward: (values, batch) => ({ logits: model.forward(own(values), batch).ctcvr }),
    };
  }
  const [[first, { towers }]] = [...models] as [[string, StageModel]];
  for (const side of ["users", "items"] as const)
    entries[side] = {
      kind: "forward",
      forward: (values, batch) => ({ vectors: towers![side](values[first]!, batch) }),
    };
  for (const phase of allPhases(config))
    entries[phaseEntry(phase)] = {
      kind: "train",
      step: phaseStep(phase, config, { models, numItems }),
      optimisers: optimisersOf(phase),
    };
  return entries;
}

export const phaseEntry = ({ name }: Pick<PhaseConfig, "name">): string => `phase/${name}`;

/** Tutors of a phase that stand still while it runs: their scores are computed once for each list. */
export function frozenTutors(phase: PhaseConfig, space: string): readonly string[] {
  const learners = learnersOf(phase);
  const tutors = phase.terms.filter((term) => term.space === space).flatMap(({ tutor }) => tutor ?? []);
  return [...new Set(tutors)].filter((tutor) => !learners.includes(tutor));
}

function optimisersOf(phase: PhaseConfig): Readonly<Record<string, Optimiser>> {
  const optimiser = optimiserOf(phase.optimiser);
  const groups = Object.fromEntries(learnersOf(phase).map((stage) => [stage, optimiser]));
  return phase.terms.some(isLearning) ? { ...groups, [TERMS]: { ...optimiser, l2: 0 } } : groups;
}
