import type { BatchSpec } from "../data/batch.ts";
import type { Dataset } from "../data/dataset.ts";
import type { NegativesSpec, RankedLists } from "../data/negative-sources.ts";
import type { StoredListSpec } from "../data/stored-scores.ts";
import { type HardLossConfig, isInBatch } from "./config/hard-loss-config.ts";
import type { NegativeSourceConfig, RankedSourceConfig } from "./config/negatives-config.ts";
import type { RunConfig } from "./config/run-config.ts";
import type { ScoresConfig } from "./config/scores-config.ts";

/** A model's rankings of the catalogue, by the model. */
export type Rankings = Readonly<Partial<Record<RankedSourceConfig["by"], RankedLists>>>;

/**
 * What the training batches of a run hold.
 *
 * @param rankings - needed where negatives are drawn from a model's ranking.
 */
export function batchSpecOf(config: RunConfig, dataset: Dataset, rankings: Rankings = {}): BatchSpec {
  const losses = (config.student?.losses ?? []).filter(isInBatch);
  const { negatives, inBatch, scores } = config;
  return {
    rows: dataset.parts.train,
    size: config.train.batchSize,
    shuffle: true,
    seed: config.seed,
    labels: [...usedLabels(config)],
    ...(negatives && { negatives: negatives.map((source) => sourceOf(source, rankings)) }),
    ...(scores?.lists && { lists: listSpecOf(scores.lists) }),
    knownMatrix: losses.some(({ maskKnown }) => maskKnown),
    columnLogQ: losses.some(needsLogQ),
    ...(inBatch && { sharedItems: inBatch.uniform }),
  };
}

/** True for an in-batch loss that corrects for frequency. */
export const needsLogQ = (loss: HardLossConfig): boolean => loss.kind === "in-batch-softmax" && loss.logQ !== "none";

/** How a configured source draws. */
export function sourceOf(source: NegativeSourceConfig, rankings: Rankings = {}): NegativesSpec {
  switch (source.kind) {
    case "exposed":
    case "stored":
      return source;
    case "random":
      return { kind: "random", count: source.count, excludeKnown: source.excludeKnown };
    case "frequency": {
      const { power, ...rest } = source;
      return power === undefined ? rest : { ...rest, power };
    }
    case "rank-window":
    case "rank-aware": {
      const lists = rankings[source.by] ?? { width: 0, items: new Int32Array(0) };
      return { kind: "ranked", count: source.count, sampling: samplingOf(source), lists };
    }
  }
}

/** The ranks that a source draws. */
export function samplingOf(source: RankedSourceConfig): Extract<NegativesSpec, { kind: "ranked" }>["sampling"] {
  if (source.kind === "rank-window") return { kind: "window", from: source.from, to: source.to };
  const { ranks, temperature, tournament } = source;
  return { kind: "exponential", ranks, temperature, tournament };
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
