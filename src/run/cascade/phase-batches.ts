import { type BatchSpec, batchesPerEpoch } from "../../data/batch.ts";
import type { Dataset } from "../../data/dataset.ts";
import { makeBatch } from "../../data/make-batch.ts";
import type { HostBatch } from "../../engine/step.ts";
import { ConfigError, DataError } from "../../errors.ts";
import { randomStream } from "../../random.ts";
import { sourceOf } from "../batch-spec.ts";
import type { CascadeRunConfig, RowSpaceConfig, SpaceConfig } from "./cascade-config.ts";
import type { Exposures } from "./exposures.ts";
import { inBatchLists, type LabelledLists, listBatches, listOrder, makeListBatch, withLabels } from "./list-batches.ts";

/** Batches of a space: what they hold depends on epoch and index alone. */
export interface BatchSource {
  readonly perEpoch: number;
  readonly at: (epoch: number, index: number) => HostBatch;
}

/** What sources are made from. `lists` has the spaces that are built; `seed` differs from phase to phase. */
export interface SourceInputs {
  readonly dataset: Dataset;
  readonly config: CascadeRunConfig;
  readonly exposures: Exposures;
  readonly lists: ReadonlyMap<string, LabelledLists>;
  readonly seed: number;
}

/** The batches of a space. */
export function openSource(inputs: SourceInputs, name: string): BatchSource {
  const space = inputs.config.spaces[name]!;
  if (space.kind === "rows") return rowSource(inputs, name, space);
  if (space.kind === "in-batch") return inBatchSource(inputs, name, space);
  const labelled = inputs.lists.get(name)!;
  const orders = epochOrders((epoch) => listOrder(labelled.lists, randomStream(inputs.seed, "lists", name, epoch)));
  return {
    perEpoch: listBatches(labelled.lists, space.batchSize),
    at: (epoch, index) => makeListBatch(inputs.dataset, labelled, orders(epoch), { index, size: space.batchSize }),
  };
}

function rowSource({ dataset, config, seed }: SourceInputs, name: string, space: RowSpaceConfig): BatchSource {
  const values = space.where === undefined ? undefined : dataset.labels.get(space.where);
  if (space.where !== undefined && values === undefined)
    throw new ConfigError(
      `spaces.${name}.where: must be one of the labels, ${[...dataset.labels.keys()].join(", ")}, got "${space.where}"`,
    );
  const { train } = dataset.parts;
  const rows = values === undefined ? train : train.filter((row) => values[row] === 1);
  if (rows.length === 0)
    throw new DataError(`spaces.${name}: training rows with ${space.where} must be there, got none`);
  const spec: BatchSpec = {
    rows,
    size: space.batchSize,
    shuffle: true,
    seed,
    labels: [config.labels.click, config.labels.conversion],
    ...(space.negatives && { negatives: space.negatives.map((source) => sourceOf(source)) }),
  };
  return { perEpoch: batchesPerEpoch(spec), at: (epoch, index) => makeBatch(dataset, spec, epoch, index) };
}

function inBatchSource(
  { dataset, config, exposures, seed }: SourceInputs,
  name: string,
  { batchSize, requests }: Extract<SpaceConfig, { kind: "in-batch" }>,
): BatchSource {
  const { train } = dataset.parts;
  const size = Math.min(requests, train.length);
  const orders = epochOrders((epoch) =>
    listOrder({ rows: train }, randomStream(seed, "lists", name, epoch)).subarray(0, size),
  );
  return {
    perEpoch: Math.floor(size / batchSize),
    at: (epoch, index) => {
      const rows = orders(epoch)
        .slice(index * batchSize, (index + 1) * batchSize)
        .map((place) => train[place]!);
      const labelled = withLabels(dataset, exposures, config.labels, inBatchLists(dataset, rows));
      const order = Int32Array.from(rows.keys());
      return makeListBatch(dataset, labelled, order, { index: 0, size: batchSize });
    },
  };
}

/** Keeps the order of the epoch that was asked for last. */
function epochOrders(draw: (epoch: number) => Int32Array): (epoch: number) => Int32Array {
  let held: { readonly epoch: number; readonly order: Int32Array } | undefined;
  return (epoch) => {
    if (held?.epoch !== epoch) held = { epoch, order: draw(epoch) };
    return held.order;
  };
}

/** One batch of every space, each array under `<space>/<name>`; all but the first go round as often as it takes. */
export function joinSources(sources: ReadonlyMap<string, BatchSource>): BatchSource {
  const [first] = sources.values();
  const { perEpoch } = first!;
  return {
    perEpoch,
    at: (epoch, index) => {
      const joined: Record<string, HostBatch[string]> = {};
      for (const [name, source] of sources) {
        const cursor = epoch * perEpoch + index;
        const batch = source.at(Math.floor(cursor / source.perEpoch), cursor % source.perEpoch);
        for (const [key, value] of Object.entries(batch)) joined[`${name}/${key}`] = value;
      }
      return joined;
    },
  };
}
