import { ConfigError } from "../errors.ts";
import { type Batch, type BatchSpec, batchesPerEpoch } from "./batch.ts";
import { type BatchPool, openBatchPool } from "./batch-pool.ts";
import type { BatchData } from "./dataset.ts";
import { makeBatch } from "./make-batch.ts";

/** A batch's place in a run. */
export interface BatchPosition {
  /** From 0. */
  readonly epoch: number;
  /** In [0, batchesPerEpoch). */
  readonly index: number;
}

/** A batch and its place. */
export interface PlacedBatch extends BatchPosition {
  readonly batch: Batch;
}

/** Batches that workers prepare ahead where nothing else is said. */
export const BATCHES_AHEAD = 4;

/** Options of streamBatches. */
export interface StreamOptions {
  /** First batch. Default: epoch 0, index 0. */
  readonly from?: BatchPosition;
  /** Epochs of the whole run: the stream ends before epoch `epochs`, wherever it starts. */
  readonly epochs: number;
  /** Worker threads that prepare batches; 0 makes each batch when it is asked for. Default 1. */
  readonly workers?: 0 | 1 | 2;
  /** Batches that are prepared ahead, >= 1. Default 4. */
  readonly ahead?: number;
}

/**
 * The batches of a run in order. Order and content are the same for any number of workers and any start.
 *
 * Leaving the loop early stops the workers. An error of a worker is thrown here with its message.
 *
 * @throws {ConfigError} an option is out of range, or the spec does not fit the data.
 */
export async function* streamBatches(
  data: BatchData,
  spec: BatchSpec,
  { from = { epoch: 0, index: 0 }, epochs, workers = 1, ahead = BATCHES_AHEAD }: StreamOptions,
): AsyncGenerator<PlacedBatch, void, void> {
  const batches = batchesPerEpoch(spec);
  checkOptions({ from, epochs, workers, ahead }, batches);
  const positions = positionsFrom(from, { batches, epochs });
  if (workers === 0) {
    for (const position of positions) {
      yield { ...position, batch: makeBatch(data, spec, position.epoch, position.index) };
    }
    return;
  }
  const pool = openBatchPool(data, spec, workers);
  try {
    yield* prepareAhead(pool, positions, Math.max(ahead, workers));
  } finally {
    await pool.close();
  }
}

async function* prepareAhead(
  pool: BatchPool,
  positions: Iterable<BatchPosition>,
  ahead: number,
): AsyncGenerator<PlacedBatch, void, void> {
  const pending: { readonly position: BatchPosition; readonly batch: Promise<Batch> }[] = [];
  for (const position of positions) {
    const batch = pool.request(position);
    // A failure of a batch that is not awaited yet is thrown when its turn comes.
    batch.catch(() => undefined);
    pending.push({ position, batch });
    if (pending.length <= ahead) continue;
    const next = pending.shift()!;
    yield { ...next.position, batch: await next.batch };
  }
  for (const { position, batch } of pending) yield { ...position, batch: await batch };
}

function* positionsFrom(
  from: BatchPosition,
  { batches, epochs }: { readonly batches: number; readonly epochs: number },
): Generator<BatchPosition> {
  for (let epoch = from.epoch; epoch < epochs; epoch++) {
    for (let index = epoch === from.epoch ? from.index : 0; index < batches; index++) yield { epoch, index };
  }
}

function checkOptions({ from, epochs, workers, ahead }: Required<StreamOptions>, batches: number): void {
  const { epoch, index } = from;
  if (!(Number.isInteger(epoch) && epoch >= 0 && Number.isInteger(index) && index >= 0 && index <= batches)) {
    const range = `epoch >= 0 and index in [0, ${batches}]`;
    throw new ConfigError(`streamBatches: from must be ${range}, got epoch ${epoch}, index ${index}`);
  }
  if (!(Number.isInteger(epochs) && epochs >= 0)) {
    throw new ConfigError(`streamBatches: epochs must be an integer >= 0, got ${epochs}`);
  }
  if (![0, 1, 2].includes(workers)) throw new ConfigError(`streamBatches: workers must be 0, 1 or 2, got ${workers}`);
  if (!(Number.isInteger(ahead) && ahead >= 1)) {
    throw new ConfigError(`streamBatches: ahead must be an integer >= 1, got ${ahead}`);
  }
}
