import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import type { Dataset } from "../../src/data/dataset.ts";
import { makeBatch } from "../../src/data/make-batch.ts";
import type { NativeEngine } from "../../src/engine/native.ts";
import { createProgram, type Program, type StepReport } from "../../src/engine/program.ts";
import { batchSpecOf } from "../../src/run/batch-spec.ts";
import { type RunConfig, readRunConfig } from "../../src/run/config/run-config.ts";
import { buildModels } from "../../src/run/models.ts";
import { ratesOf } from "../../src/run/optimisers.ts";
import { openRunData } from "../../src/run/starting-point.ts";
import { buildEntries } from "../../src/run/steps.ts";
import { termInputs } from "../../src/run/term-inputs.ts";

export type Yaml = Readonly<Record<string, unknown>>;

const DATA = {
  source: "data.csv",
  columns: {
    user: { role: "user", kind: "id" },
    age: { role: "user", kind: "categorical" },
    item: { role: "item", kind: "id" },
    topic: { role: "item", kind: "categorical" },
    hour: { role: "context", kind: "categorical" },
    day: { role: "time" },
    rating: { role: "label" },
  },
  labels: { seen: "1", good: "rating >= 4", top: "rating == 5" },
  split: { by: "expression", train: "day < 8", validation: "day == 8", test: "day == 9" },
};

/** A small run without negatives and without terms: 30 users, 20 items. */
export const PLAIN: Yaml = {
  seed: 3,
  data: DATA,
  student: {
    kind: "dssm",
    embeddings: { default: 4, deviation: 0.5 },
    userUnits: [4],
    itemUnits: [4],
    scale: 4,
    losses: [] as Yaml[],
  },
  train: { batchSize: 32, epochs: 2, workers: 0, logEvery: 1, student: { rate: 0.02 } },
  evaluate: { labels: { ctr: "good", ctcvr: "top" }, relevant: "good", ks: [5] },
};

const TEACHER = {
  kind: "mmoe",
  embeddings: { default: 4, deviation: 0.5 },
  experts: { count: 2, units: [8] },
  towerUnits: [],
  labels: { ctr: "good", ctcvr: "top" },
};

/** A configuration with some settings of its train block changed. */
export const withTrain = (given: Yaml, train: Yaml): Yaml => ({
  ...given,
  train: { ...(given.train as Yaml), ...train },
});
/** A configuration with some settings of its student block changed. */
export const withStudent = (given: Yaml, student: Yaml): Yaml => ({
  ...given,
  student: { ...(given.student as Yaml), ...student },
});

/** The plain run with a teacher that stands still, candidates, and one distillation term. */
export function distilled(term: Yaml, changed: Yaml = {}): Yaml {
  return {
    ...withTrain(PLAIN, { teacher: { rate: 0.02 } }),
    negatives: { kind: "random", count: 7, excludeKnown: false },
    teacher: { ...TEACHER, weights: { ctr: 0, ctcvr: 0 } },
    distill: [{ name: "term", head: "ctcvr", ...term }],
    ...changed,
  };
}

/** The plain run with one loss on labels. */
export function labelled(loss: Yaml, changed: Yaml = {}): Yaml {
  return { ...withStudent(PLAIN, { losses: [{ label: "good", ...loss }] }), ...changed };
}

/** Writes a configuration and reads it as a run does. */
export function writeConfig(folder: string, given: Yaml): string {
  const path = join(folder, "given.yaml");
  writeFileSync(path, stringify(given));
  return path;
}

export interface OpenedTerms {
  readonly config: RunConfig;
  readonly dataset: Dataset;
  readonly program: Program;
  /** Trains on the first batch, over and over. */
  readonly steps: (count: number) => readonly StepReport[];
}

/** Opens a configuration's data and builds its program. */
export async function openTerms(folder: string, given: Yaml, native: NativeEngine | undefined): Promise<OpenedTerms> {
  const resolved = readRunConfig(writeConfig(folder, given));
  const { config } = resolved;
  const { dataset } = await openRunData(resolved);
  const models = buildModels(config, dataset);
  const program = createProgram(models.parameters, buildEntries(config, models), { native, seed: config.seed });
  const batch = makeBatch(dataset, batchSpecOf(config, dataset), 0, 0);
  const rates = ratesOf(config, 0);
  const steps = (count: number): StepReport[] =>
    Array.from({ length: count }, (_, step) => {
      return program.train("train", { batch, rates, inputs: termInputs(config, { step }) });
    });
  return { config, dataset, program, steps };
}
