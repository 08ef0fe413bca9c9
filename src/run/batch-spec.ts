import type { BatchSpec } from "../data/batch-spec.ts";
import type { Dataset } from "../data/dataset.ts";
import type { RunConfig } from "./config/run-config.ts";

/** What the training batches of a run hold. */
export function batchSpecOf(config: RunConfig, dataset: Dataset): BatchSpec {
  const softmax = config.student?.losses.find((loss) => loss.kind === "in-batch-softmax");
  const { negatives } = config;
  return {
    rows: dataset.parts.train,
    size: config.train.batchSize,
    shuffle: true,
    seed: config.seed,
    labels: [...usedLabels(config)],
    ...(negatives && { negatives: { kind: negatives.kind, count: negatives.count, power: negatives.power ?? 1, excludeKnown: negatives.excludeKnown } }),
    knownMatrix: softmax?.kind === "in-batch-softmax" && softmax.maskKnown,
  };
}

function usedLabels({ teacher, student }: RunConfig): ReadonlySet<string> {
  return new Set([...Object.values(teacher?.labels ?? {}), ...(student?.losses ?? []).map(({ label }) => label)]);
}
