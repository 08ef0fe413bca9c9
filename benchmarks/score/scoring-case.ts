// The ranker of the benchmark: an MMoE over 12 id fields, each with a vocabulary of its own, and rows to score.

import { once } from "node:events";
import { createWriteStream } from "node:fs";
import {
  type Data,
  Field,
  Int32,
  Int64,
  makeData,
  RecordBatch,
  RecordBatchStreamWriter,
  Schema,
  Struct,
} from "apache-arrow";
import type { DataEncoding } from "../../src/data/encoding.ts";
import { featureSpecs } from "../../src/data/feature-specs.ts";
import type { NativeEngine } from "../../src/engine/native.ts";
import { createProgram } from "../../src/engine/program.ts";
import { randomStream } from "../../src/random.ts";
import { runConfig } from "../../src/run/config/run-config.ts";
import { buildModels } from "../../src/run/models.ts";
import type { OpenedTeacher } from "../../src/run/score/open-teacher.ts";
import { forwardHeads } from "../../src/run/steps.ts";

export const FIELDS = Array.from({ length: 12 }, (_, i) => `f${i}`);
/** Values of each field that the ranker knows; raw values are three times their place. */
export const VALUES = 100_000;
export const BATCH = 65_536;

/** Opens the ranker with its first values: what it costs to score does not depend on them. */
export function scoringTeacher(native: NativeEngine): OpenedTeacher {
  const columns = Object.fromEntries(
    FIELDS.map((name, i) => [
      name,
      { role: i < 6 ? "user" : "item", kind: i % 6 === 0 ? "id" : "categorical", missing: "error" },
    ]),
  );
  const config = runConfig.parse({
    data: { source: "-", columns, labels: { click: "1" } },
    teacher: {
      kind: "mmoe",
      embeddings: { default: 16 },
      experts: { count: 8, units: [256, 128] },
      towerUnits: [64],
      labels: { ctr: "click", ctcvr: "click" },
    },
    train: { batchSize: 1, epochs: 1, teacher: { rate: 0.1 } },
    evaluate: { labels: { ctr: "click", ctcvr: "click" } },
  });
  const values = Array.from({ length: VALUES }, (_, i) => String(3 * i));
  const encoding: DataEncoding = {
    version: 1,
    columns: Object.fromEntries(FIELDS.map((name) => [name, { kind: "built", values }])),
  };
  const features = featureSpecs(config.data.columns, encoding);
  const models = buildModels(config, { features, items: { size: VALUES } } as Parameters<typeof buildModels>[1]);
  const score = { kind: "forward" as const, forward: forwardHeads(models, "teacher") };
  const program = createProgram(models.parameters, { score }, { native });
  return {
    config,
    encoding,
    pairs: new Map(),
    features,
    program,
    heads: ["ctr", "cvr", "ctcvr"],
    identity: {
      kind: "run",
      model: "teacher",
      run: "benchmark",
      checkpoint: "none",
      weights: "0000000000000000",
      features: "0000000000000000",
      trained: { rows: 0, days: null, files: [] },
    },
  };
}

const fields = [new Field("row", new Int64(), false), ...FIELDS.map((name) => new Field(name, new Int32(), false))];
const schema = new Schema(fields);

/** Rows [from, from + BATCH): one value in ten is none that the ranker knows. */
export function generatedBatch(from: number): RecordBatch {
  const stream = randomStream(1, "rows to score", from);
  const int32 = (data: Int32Array): Data => makeData({ type: new Int32(), length: BATCH, nullCount: 0, data });
  const row = makeData({
    type: new Int64(),
    length: BATCH,
    nullCount: 0,
    data: BigInt64Array.from({ length: BATCH }, (_, i) => BigInt(from + i)),
  });
  const children = FIELDS.map(() => {
    const values = new Int32Array(BATCH);
    for (let i = 0; i < BATCH; i++) values[i] = 3 * Math.floor(stream.uniform() * VALUES * 1.1);
    return int32(values);
  });
  return new RecordBatch(
    schema,
    makeData({ type: new Struct(fields), length: BATCH, nullCount: 0, children: [row, ...children] }),
  );
}

/** The bytes of an Arrow stream of `batches` batches; those of a few are used again and again. */
export async function* generatedStream(batches: number): AsyncGenerator<Uint8Array> {
  const few = Array.from({ length: Math.min(8, batches) }, (_, i) => generatedBatch(i * BATCH));
  for (let i = 0; i < batches; i++) {
    // Each batch as a stream of its own: the header of the first, the bodies of all, the end of the last.
    const writer = new RecordBatchStreamWriter();
    writer.write(few[i % few.length]!);
    writer.finish();
    const bytes = writer.toUint8Array(true);
    const header = headerBytes(bytes);
    yield bytes.subarray(i === 0 ? 0 : header, bytes.length - (i === batches - 1 ? 0 : 8));
  }
}

/** Length of the schema's message at the beginning of a stream. */
function headerBytes(bytes: Uint8Array): number {
  return 8 + new DataView(bytes.buffer, bytes.byteOffset).getInt32(4, true);
}

/** Writes a generated stream to a file. */
export async function writeRows(path: string, batches: number): Promise<void> {
  const file = createWriteStream(path);
  for await (const bytes of generatedStream(batches)) if (!file.write(bytes)) await once(file, "drain");
  file.end();
  await once(file, "finish");
}
