import { type Batch, type BatchSpec, batchesPerEpoch } from "../data/batch.ts";
import { mixedLogQ } from "../data/batch-in-batch.ts";
import type { Dataset } from "../data/dataset.ts";
import { batchRows } from "../data/make-batch.ts";
import { type BatchPosition, type PlacedBatch, streamBatches } from "../data/stream-batches.ts";
import { type StreamingFrequency, streamingFrequency } from "../data/streaming-frequency.ts";
import type { Program } from "../engine/program.ts";
import { ConfigError } from "../errors.ts";
import { batchSpecOf, type Rankings } from "./batch-spec.ts";
import type { RunConfig } from "./config/run-config.ts";
import { type RankingStore, rankCatalogue, rankedSources } from "./rankings.ts";

export interface TrainingBatchesOptions {
  readonly program: Program;
  readonly dataset: Dataset;
  readonly config: RunConfig;
  readonly from: BatchPosition;
  /** Where rankings are kept for a resumed run. */
  readonly rankings?: RankingStore | undefined;
}

/**
 * The training batches of a run in order, with negatives from fresh rankings and log q from the stream where the
 * configuration asks for them. Consumed one at a time: a ranking uses the weights of the moment.
 *
 * @throws {ConfigError} a run goes on in the middle of a ranking's epochs and the ranking was not kept.
 */
export async function* trainingBatches(options: TrainingBatchesOptions): AsyncGenerator<PlacedBatch> {
  const { config, dataset, from } = options;
  const rewrite = streamedLogQ(config, dataset, from);
  for await (const placed of placedBatches(options)) yield { ...placed, batch: rewrite(placed) };
}

async function* placedBatches(options: TrainingBatchesOptions): AsyncGenerator<PlacedBatch> {
  const { dataset, config, from } = options;
  const { epochs, workers } = config.train;
  const refresh = rankedSources(config)[0]?.refresh;
  if (refresh === undefined) {
    yield* streamBatches(dataset, batchSpecOf(config, dataset), { from, epochs, workers });
    return;
  }
  for (let start = from.epoch - (from.epoch % refresh); start < epochs; start += refresh) {
    const spec = batchSpecOf(config, dataset, await rankingsFor(start, options));
    const first = start > from.epoch ? { epoch: start, index: 0 } : from;
    yield* streamBatches(dataset, spec, { from: first, epochs: Math.min(start + refresh, epochs), workers });
  }
}

async function rankingsFor(
  start: number,
  { program, dataset, config, from, rankings }: TrainingBatchesOptions,
): Promise<Rankings> {
  if (start < from.epoch || (start === from.epoch && from.index > 0)) {
    const kept = await rankings?.load(start);
    if (kept === undefined)
      throw new ConfigError(
        `train: ranking of epoch ${start} must be kept to go on from epoch ${from.epoch}, batch ${from.index}, got none; ` +
          "start the run anew, or go on from the beginning of an epoch with a new ranking",
      );
    return kept;
  }
  const made = await rankCatalogue(program, dataset, config);
  await rankings?.save(start, made);
  return made;
}

/** Replaces a batch's log q by what the stream so far says. A resumed run first goes over the rows of the batches before. */
function streamedLogQ(config: RunConfig, dataset: Dataset, from: BatchPosition): (placed: PlacedBatch) => Batch {
  const frequency = config.inBatch?.frequency;
  if (frequency?.kind !== "streaming") return ({ batch }) => batch;
  const spec = batchSpecOf({ ...config, negatives: undefined }, dataset);
  const perEpoch = batchesPerEpoch(spec);
  const estimate = streamingFrequency({
    items: dataset.items.size,
    rate: frequency.rate,
    hashes: frequency.hashes,
    ...(frequency.buckets !== undefined && { buckets: frequency.buckets }),
  });
  const itemsAt = (epoch: number, index: number): Int32Array =>
    batchRows(dataset, spec, epoch, index).map((row) => dataset.items.rowEntity[row]!);
  const before = from.epoch * perEpoch + from.index;
  for (let step = 0; step < before; step++)
    estimate.observe(step + 1, itemsAt(Math.floor(step / perEpoch), step % perEpoch));
  return ({ epoch, index, batch }) => {
    const items = itemsAt(epoch, index);
    estimate.observe(epoch * perEpoch + index + 1, items);
    return { ...batch, columnLogQ: columnLogQ(batch, spec, { items, dataset, estimate }) };
  };
}

function columnLogQ(
  batch: Batch,
  { size }: BatchSpec,
  {
    items,
    dataset,
    estimate,
  }: { readonly items: Int32Array; readonly dataset: Dataset; readonly estimate: StreamingFrequency },
): Batch[string] {
  const shared = (batch["shared/itemIndex"]?.data as Int32Array | undefined) ?? new Int32Array(0);
  // An item that stands in every g-th batch of B rows is drawn with probability 1 / (g B).
  const logQ = mixedLogQ(
    { items, size, shared, catalogue: dataset.items.size },
    (item) => 1 / (estimate.gap(item) * size),
  );
  return { data: logQ, shape: [logQ.length] };
}
