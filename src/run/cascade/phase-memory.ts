import type { MemoryShare } from "../../memory-limit.ts";
import { assertStepFits, type BatchShape, layerBytes, pairs } from "../step-memory.ts";
import type { CascadeRunConfig, PhaseConfig, SpaceConfig } from "./cascade-config.ts";
import { allPhases } from "./cascade-terms.ts";
import type { CascadeModels } from "./phase-step.ts";

/** Arrays that go with the lists of a space: items, labels, exposure and its propensity. */
const LIST_ARRAYS = 5;

/** Items a row of a space; of fewer items in the corpus there are fewer. */
export function spaceLength(
  space: SpaceConfig,
  { stages }: Pick<CascadeRunConfig, "stages">,
  numItems: number,
): number {
  switch (space.kind) {
    case "rows":
      return (space.negatives ?? []).reduce((sum, { count }) => sum + count, 1);
    case "ranked": {
      const { to = stages.find(({ name }) => name === space.stage)?.passes ?? 0, from, uniform } = space;
      return Math.min(numItems, Math.max(0, to - from)) + uniform;
    }
    case "random":
      return Math.min(numItems, space.count);
    case "logged":
      return space.uniform;
    case "in-batch":
      return space.batchSize;
  }
}

/** What the lists of a space keep while they are used, built once for many batches. */
export function listShares(name: string, space: SpaceConfig, length: number): readonly MemoryShare[] {
  if (space.kind === "rows" || space.kind === "in-batch") return [];
  const { requests } = space;
  return [{ name: `${name}, ${requests} x ${length} items`, bytes: 4 * LIST_ARRAYS * requests * length }];
}

/** What a step of a phase keeps: the layers of every stage that learns, on each space that it learns in. */
export function phaseShares(
  { terms }: PhaseConfig,
  config: CascadeRunConfig,
  { models, numItems }: { readonly models: CascadeModels; readonly numItems: number },
): readonly MemoryShare[] {
  const learns = new Set(terms.flatMap(({ stage, space }) => stage.map((name) => `${name} ${space}`)));
  return [...learns].map((both) => {
    const [stage, name] = both.split(" ") as [string, string];
    const space = config.spaces[name]!;
    const shape: BatchShape = { rows: space.batchSize, length: spaceLength(space, config, numItems) };
    return { name: `${stage} on ${pairs(shape)}`, bytes: layerBytes(models.get(stage)!.parameters, shape) };
  });
}

/** @throws {ConfigError} the lists of all spaces, or a step of a phase, cannot be in memory. */
export function assertPhasesFit(config: CascadeRunConfig, models: CascadeModels, numItems: number): void {
  const lists = Object.entries(config.spaces).flatMap(([name, space]) =>
    listShares(name, space, spaceLength(space, config, numItems)),
  );
  assertStepFits("spaces", lists);
  for (const phase of allPhases(config))
    assertStepFits(`phase ${phase.name}`, phaseShares(phase, config, { models, numItems }));
}
