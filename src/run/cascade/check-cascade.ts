import type { z } from "zod";
import { didYouMean, oneOf } from "../../config-schema.ts";
import { isLearned } from "../config/schedule-config.ts";
import type { CascadeRunConfig, SpaceConfig, StageConfig, TermConfig } from "./cascade-config.ts";
import { learnersOf, TERMS } from "./cascade-terms.ts";
import { needsLists } from "./objective.ts";

type Path = readonly (string | number)[];
type Complain = (path: Path, message: string) => void;

/** Items of a list of a space; undefined where it has none. */
export function listLengthOf(space: SpaceConfig, stages: readonly StageConfig[]): number | undefined {
  switch (space.kind) {
    case "rows":
      return space.negatives === undefined ? undefined : space.negatives.reduce((sum, { count }) => sum + count, 1);
    case "ranked":
      return (space.to ?? stages.find(({ name }) => name === space.stage)?.passes ?? 0) - space.from + space.uniform;
    case "random":
      return space.count;
    case "logged":
      return space.count + space.uniform;
    case "in-batch":
      return space.batchSize;
  }
}

/** What one field of a cascade's configuration alone cannot show. */
export function checkCascade(config: CascadeRunConfig, context: z.RefinementCtx): void {
  const complain: Complain = (path, message) => context.addIssue({ code: "custom", path: [...path], message });
  checkStages(config, complain);
  for (const [name, space] of Object.entries(config.spaces)) checkSpace(config, name, space, complain);
  const phases = (["warmUp", "round", "finish"] as const).flatMap((part) =>
    config[part].map((phase, i) => ({ phase, path: [part, i] as const })),
  );
  if (phases.length === 0) complain([], "must have at least one phase in warmUp, round or finish");
  const names = new Set<string>();
  for (const { phase, path } of phases) {
    if (names.has(phase.name))
      complain([...path, "name"], `must be the name of one phase only, got "${phase.name}" again`);
    names.add(phase.name);
    const learners = learnersOf(phase);
    for (const stage of Object.keys(phase.rates))
      if (!learners.includes(stage))
        complain(
          [...path, "rates", stage],
          `must be a stage that the phase trains, ${oneOf(learners)}, got "${stage}"`,
        );
    for (const [i, term] of phase.terms.entries()) checkTerm(config, term, [...path, "terms", i], complain);
  }
  const start = Object.keys(config.start);
  for (const name of start) known(config, name, ["start", name], complain);
}

function checkStages({ stages }: CascadeRunConfig, complain: Complain): void {
  if (stages[0]!.model.kind !== "dssm")
    complain(
      ["stages", 0, "model", "kind"],
      `must be "dssm": the first stage searches the whole corpus, got "${stages[0]!.model.kind}"`,
    );
  for (const [i, { name, passes }] of stages.entries()) {
    if (stages.findIndex((other) => other.name === name) < i)
      complain(["stages", i, "name"], `must be the name of one stage only, got "${name}" again`);
    if (name === TERMS) complain(["stages", i, "name"], `must not be "${TERMS}"`);
    const before = stages[i - 1];
    if (before !== undefined && passes > before.passes)
      complain(
        ["stages", i, "passes"],
        `must be at most what stage "${before.name}" passes, ${before.passes}: sizes fall along a cascade, got ${passes}`,
      );
  }
}

function checkSpace(config: CascadeRunConfig, name: string, space: SpaceConfig, complain: Complain): void {
  const path = ["spaces", name];
  if (space.kind !== "ranked") return;
  if (!known(config, space.stage, [...path, "stage"], complain)) return;
  const at = config.stages.findIndex((stage) => stage.name === space.stage);
  const { from, to = config.stages[at]!.passes } = space;
  if (to <= from) complain([...path, "to"], `must be above from, ${from}, got ${to}`);
  const before = config.stages[at - 1];
  if (before !== undefined && to > before.passes)
    complain([...path, "to"], `must be at most what stage "${before.name}" passes, ${before.passes}, got ${to}`);
}

function checkTerm(config: CascadeRunConfig, term: TermConfig, path: Path, complain: Complain): void {
  const { stage, space: spaceName, loss, tutor } = term;
  for (const one of stage) known(config, one, [...path, "stage"], complain);
  const order = stage.map((one) => config.stages.findIndex(({ name }) => name === one));
  if (
    loss.kind === "cascade-ranking"
      ? stage.length < 2 || order.some((at, i) => i > 0 && at <= order[i - 1]!)
      : stage.length > 1
  )
    complain(
      [...path, "stage"],
      loss.kind === "cascade-ranking"
        ? `must be several stages in their order for cascade-ranking, got ${stage.join(", ")}`
        : `must be one stage for ${loss.kind}, got ${stage.join(", ")}`,
    );
  const space = config.spaces[spaceName];
  if (space === undefined) {
    const names = Object.keys(config.spaces);
    complain(
      [...path, "space"],
      `must be one of the spaces, ${oneOf(names)}, got "${spaceName}"${didYouMean(spaceName, names)}`,
    );
    return;
  }
  if (loss.kind === "labels") {
    if (tutor !== undefined)
      complain([...path, "tutor"], `must go with a loss on a tutor's scores, got labels and "${tutor}"`);
  } else if (tutor === undefined)
    complain([...path, "tutor"], `must name the stage that a ${loss.kind} term learns from, got nothing`);
  else if (stage.includes(tutor))
    complain([...path, "tutor"], `must be another stage than the learner, got "${tutor}" twice`);
  else known(config, tutor, [...path, "tutor"], complain);
  if (isLearned(term.weight))
    complain([...path, "weight"], "must be a number or a schedule here, got one that is learned");
  const length = listLengthOf(space, config.stages);
  if (needsLists(loss) && length === undefined)
    complain(
      [...path, "space"],
      `must hold lists for a ${loss.kind} term; give space "${spaceName}" negatives, or take another`,
    );
  for (const key of ["topK", "interesting", "selected", "relevant"] as const) {
    const cut = (loss as Readonly<Record<string, unknown>>)[key];
    if (length !== undefined && typeof cut === "number" && cut >= length)
      complain(
        [...path, "loss", key],
        `must be below the length of the lists of "${spaceName}", ${length}, got ${cut}`,
      );
  }
}

function known({ stages }: CascadeRunConfig, name: string, path: Path, complain: Complain): boolean {
  const names = stages.map((stage) => stage.name);
  if (names.includes(name)) return true;
  complain(path, `must be one of the stages, ${oneOf(names)}, got "${name}"${didYouMean(name, names)}`);
  return false;
}
