// Runs in a worker thread: makes the batches that it is asked for, in the order in which it is asked.
import { parentPort, workerData } from "node:worker_threads";
import type { Batch, BatchSpec } from "./batch.ts";
import type { BatchData } from "./dataset.ts";
import { batchBuffers, makeBatch } from "./make-batch.ts";

/** What a worker is started with; the arrays of `data` are in shared memory. */
export interface WorkerInput {
  readonly data: BatchData;
  readonly spec: BatchSpec;
}

/** Which batch a worker is asked for. */
export interface WorkerRequest {
  readonly epoch: number;
  readonly index: number;
}

/** What a worker answers: the batch, or the error's class name and message. */
export type WorkerReply = { readonly batch: Batch } | { readonly failure: { name: string; message: string } };

const { data, spec } = workerData as WorkerInput;

parentPort?.on("message", ({ epoch, index }: WorkerRequest) => {
  try {
    const batch = makeBatch(data, spec, epoch, index);
    parentPort?.postMessage({ batch } satisfies WorkerReply, batchBuffers(batch));
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    parentPort?.postMessage({ failure: { name, message } } satisfies WorkerReply);
  }
});
