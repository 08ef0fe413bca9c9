import type { BatchSpec, NegativesSpec } from "../data/batch.ts";
import type { Dataset } from "../data/dataset.ts";
import type { StoredListSpec } from "../data/stored-scores.ts";
import type { RunConfig } from "./config/run-config.ts";
import type { ScoresConfig } from "./config/scores-config.ts";
import type { NegativesConfig } from "./config/train-config.ts";

/** What the training batches of a run hold. */
export function batchSpecOf(config: RunConfig, dataset: Dataset): BatchSpec {
  const softmax = config.student?.losses.find((loss) => loss.kind === "in-batch-softmax");
  const { negatives, scores } = config;
  return {
    rows: dataset.parts.train,
    size: config.train.batchSize,
    shuffle: true,
    seed: config.seed,
    labels: [...usedLabels(config)],
    ...(negatives && { negatives: withoutUndefined(negatives) }),
    ...(scores?.lists && { lists: listSpecOf(scores.lists) }),
    knownMatrix: softmax?.kind === "in-batch-softmax" && softmax.maskKnown,
  };
}

export function withoutUndefined({ power, ...rest }: NegativesConfig): NegativesSpec {
  return power === undefined ? rest : { ...rest, power };
}

function listSpecOf({
  users,
  top,
  of = top,
  uniform,
  rankTemperature,
}: NonNullable<ScoresConfig["lists"]>): StoredListSpec {
  return { users, top, of, uniform, ...(rankTemperature !== undefined && { rankTemperature }) };
}

function usedLabels({ teacher, student }: RunConfig): ReadonlySet<string> {
  return new Set([...Object.values(teacher?.labels ?? {}), ...(student?.losses ?? []).map(({ label }) => label)]);
}
