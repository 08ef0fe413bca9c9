import { Worker } from "node:worker_threads";
import { ConfigError, DataError, ShapeError } from "../errors.ts";
import type { Batch, BatchSpec, HostTensor } from "./batch.ts";
import type { WorkerInput, WorkerReply, WorkerRequest } from "./batch-worker.ts";
import type { BatchData } from "./dataset.ts";

/** Worker threads that make batches. Must be closed. */
export interface BatchPool {
  /** Asks the next worker in turn for a batch. */
  request(request: WorkerRequest): Promise<Batch>;
  close(): Promise<void>;
}

/** Starts `workers` threads over the same data in shared memory. */
export function openBatchPool(data: BatchData, spec: BatchSpec, workers: number): BatchPool {
  const threads = Array.from({ length: workers }, () => startThread({ data: onlyBatchData(data), spec }));
  let turn = 0;
  return {
    request: (request) => threads[turn++ % workers]!.request(request),
    async close() {
      await Promise.all(threads.map((thread) => thread.close()));
    },
  };
}

interface Waiting {
  readonly resolve: (batch: Batch) => void;
  readonly reject: (error: Error) => void;
}

function startThread(input: WorkerInput): BatchPool {
  const worker = new Worker(workerModule(), { workerData: input, execArgv: [], name: "twinstill-batches" });
  const waiting: Waiting[] = [];
  let broken: Error | undefined;
  const fail = (error: Error): void => {
    broken ??= error;
    for (const { reject } of waiting.splice(0)) reject(broken);
  };
  worker.on("message", (reply: WorkerReply) => {
    const { resolve, reject } = waiting.shift()!;
    if (waiting.length === 0) worker.unref();
    if ("batch" in reply) resolve(wholeBatch(reply.batch));
    else reject(toError(reply.failure));
  });
  worker.on("error", fail);
  worker.on("exit", (code) => fail(new Error(`streamBatches: a batch worker stopped with code ${code}`)));
  // A thread that nobody waits for must not keep the process alive.
  worker.unref();
  return {
    request: (request) =>
      new Promise((resolve, reject) => {
        if (broken !== undefined) return reject(broken);
        waiting.push({ resolve, reject });
        worker.ref();
        worker.postMessage(request);
      }),
    async close() {
      // A reply that comes meanwhile must not unref the worker: the process would end before the thread has.
      worker.removeAllListeners("message");
      await worker.terminate();
    },
  };
}

/** Node passes every buffer whole, but cuts the length of a view of 4 GiB or more to its low bits. */
function wholeBatch(batch: Batch): Batch {
  return Object.fromEntries(Object.entries(batch).map(([name, array]) => [name, wholeArray(array)]));
}

/** An array over its buffer as its shape says. */
export function wholeArray({ data, shape }: HostTensor): HostTensor {
  const length = shape.reduce((product, size) => product * size, 1);
  if (data.length === length) return { data, shape };
  const View = data instanceof Int32Array ? Int32Array : Float32Array;
  return { data: new View(data.buffer as ArrayBuffer, data.byteOffset, length), shape };
}

/** Without the ids and the report, which would be copied for each thread. */
function onlyBatchData(data: BatchData): BatchData {
  const { features, rows, columns, labels, weight, group, teacherScores, stored, trainItems, pairs, isTrainRow } = data;
  const entity = ({ size, features, rowEntity, trainCount }: BatchData["users"]): BatchData["users"] => ({
    size,
    features,
    rowEntity,
    trainCount,
  });
  return {
    features,
    rows,
    columns,
    labels,
    teacherScores,
    trainItems,
    pairs,
    isTrainRow,
    users: entity(data.users),
    items: entity(data.items),
    ...(weight && { weight }),
    ...(group && { group }),
    ...(stored && { stored }),
  };
}

/** The worker's module: JavaScript in the built package, the source in development. */
function workerModule(): URL {
  if (!import.meta.url.endsWith(".ts")) return new URL("./batch-worker.js", import.meta.url);
  const source = new URL("./batch-worker.ts", import.meta.url);
  if (process.features.typescript) return source;
  // Node 20 cannot read TypeScript, and tsx given as a loader by --import does not reach worker threads.
  const loader = JSON.stringify(import.meta.resolve("tsx/esm/api"));
  const start = `import { register } from ${loader}; register(); await import(${JSON.stringify(source.href)});`;
  return new URL(`data:text/javascript,${encodeURIComponent(start)}`);
}

function toError({ name, message }: { readonly name: string; readonly message: string }): Error {
  const known = { ConfigError, DataError, ShapeError }[name];
  return known === undefined ? new Error(message) : new known(message);
}
