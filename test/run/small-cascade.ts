import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readCascadeConfig } from "../../src/run/cascade/cascade-config.ts";
import {
  type CascadeNotice,
  type CascadeOptions,
  type CascadeResult,
  executeCascade,
} from "../../src/run/cascade/execute-cascade.ts";
import { type CascadeConfig, cascadeConfig } from "../../src/simulate/cascade-config.ts";
import { writeCascade } from "../../src/simulate/write-cascade.ts";

/** A small simulated world: 40 users, 60 items, 300 requests. */
export const WORLD: CascadeConfig = cascadeConfig.parse({
  seed: 3,
  users: 40,
  items: 60,
  categories: 4,
  prices: 2,
  ages: 2,
  cities: 2,
  requests: 300,
  days: 4,
  recalled: { matched: 10, popular: 6, uniform: 4 },
  preRanked: 10,
  exposed: 5,
  ctr: { bias: -1 },
  cvr: { bias: 0.5 },
});

const CONFIG = `
seed: 3
data:
  source: rows.parquet
  items: items.parquet
  columns:
    user: { role: user, kind: id }
    age: { role: user, kind: categorical }
    h0: { role: user, kind: numeric, transform: none }
    item: { role: item, kind: id }
    category: { role: item, kind: categorical }
    quality: { role: item, kind: categorical }
    day: { role: time }
    click: { role: label }
    conversion: { role: label }
  labels: { click: click, conversion: conversion }
  pairs: { cell: { kind: cross, of: [age, category] } }
  split: { by: expression, train: day < 2, validation: day == 2, test: day == 3 }
labels: { click: click, conversion: conversion }
stages:
  - { name: recall, passes: 16, model: { kind: dssm, embeddings: { default: 4 }, userUnits: [8], itemUnits: [8], normalise: false } }
  - { name: pre-rank, passes: 8, model: { kind: mlp, embeddings: { default: 2 }, units: [8] } }
  - { name: rank, passes: 4, model: { kind: mmoe, embeddings: { default: 4 }, experts: { count: 2, units: [8] }, towerUnits: [] } }
spaces:
  exposed: { kind: rows, batchSize: 64, negatives: [{ kind: frequency, count: 1 }, { kind: random, count: 1 }] }
  pool: { kind: ranked, stage: recall, uniform: 8, requests: 60, batchSize: 16 }
  recalled: { kind: ranked, stage: recall, requests: 60, batchSize: 16 }
warmUp:
  - name: warm
    terms:
      - { stage: recall, space: exposed, loss: { kind: labels } }
      - { stage: pre-rank, space: exposed, loss: { kind: labels } }
      - { stage: rank, space: exposed, loss: { kind: labels } }
    epochs: 2
    optimiser: { rate: 0.02 }
rounds: 2
round:
  - name: self
    terms: [{ stage: recall, space: pool, loss: { kind: labels } }, { stage: pre-rank, space: recalled, loss: { kind: labels } }]
    optimiser: { rate: 0.001 }
  - name: tutor-pre-rank
    terms: [{ stage: pre-rank, space: recalled, tutor: rank, loss: { kind: tutor-learning, topK: 4, alpha: 0.5 } }]
    optimiser: { rate: 0.01 }
  - name: tutor-recall
    terms: [{ stage: recall, space: pool, tutor: pre-rank, loss: { kind: tutor-learning, topK: 8, alpha: 0.5 } }]
    epochs: 3
    optimiser: { rate: 0.03 }
finish:
  - name: last-self
    terms: [{ stage: recall, space: pool, loss: { kind: labels } }]
    optimiser: { rate: 0.001 }
evaluate: { users: 30, relevant: click, excludeSeen: false }
logEvery: 1
`;

/** Writes the world and the configuration into `folder`. @returns the configuration's path. */
export async function writeSmallCascade(folder: string): Promise<string> {
  mkdirSync(folder, { recursive: true });
  await writeCascade(WORLD, folder);
  writeFileSync(join(folder, "cascade.yaml"), CONFIG);
  return join(folder, "cascade.yaml");
}

/** Executes a cascade's run to its end. */
export async function finishCascade(
  config: string,
  out: string,
  {
    sets = [],
    onNotice,
    ...options
  }: Partial<CascadeOptions> & {
    readonly sets?: readonly string[];
    readonly onNotice?: (notice: CascadeNotice) => void;
  } = {},
): Promise<CascadeResult> {
  const run = executeCascade({ resolved: readCascadeConfig(config, sets), out, environment: {}, ...options });
  for (;;) {
    const { value, done } = await run.next();
    if (done) return value;
    onNotice?.(value);
  }
}
