// Every reader of files, with a small file that it reads.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readTable } from "../../src/data/raw-table.ts";
import { readArrowFile, readArrowStream } from "../../src/data/read-arrow.ts";
import { readCsv } from "../../src/data/read-csv.ts";
import { readParquet } from "../../src/data/read-parquet.ts";
import type { FileFormat } from "../../src/data/source-files.ts";
import type { TableChunk } from "../../src/data/table-chunk.ts";
import { writeArrow } from "../../src/data/write-arrow.ts";
import type { WriteColumn } from "../../src/data/write-column.ts";
import { writeParquet } from "../../src/data/write-parquet.ts";
import { openStore, readShards } from "../../src/distill/scores/open-store.ts";
import { sha256 } from "../../src/distill/scores/store-folder.ts";
import { createProgram } from "../../src/engine/program.ts";
import { findCheckpoint, loadCheckpoint, saveCheckpoint } from "../../src/run/checkpoint.ts";
import { readRunConfig } from "../../src/run/config/run-config.ts";
import { trainStart } from "../../src/run/events.ts";
import { readSafetensors } from "../../src/run/formats/safetensors-read.ts";
import { writeSafetensors } from "../../src/run/formats/safetensors-write.ts";
import { openRun } from "../../src/run/open-run.ts";
import { runFolder } from "../../src/run/run-folder.ts";
import { runJob } from "../distill/scores/small-store.ts";
import { smallModel, smallStep } from "../engine/fixtures/small-model.ts";
import { finishRun, writeSmallRun } from "../run/small-run.ts";

/** A file and how it is read: `read` is given the file's bytes, changed or not. */
export interface HostileReader {
  readonly name: string;
  readonly whole: Uint8Array;
  readonly isJson?: boolean;
  readonly read: (bytes: Uint8Array) => Promise<unknown>;
}

const COLUMNS: readonly WriteColumn[] = [
  { name: "id", type: "int64", values: [5, 2n ** 60n, 7, 9] },
  { name: "label", type: "int32", values: [1, null, 0, 1] },
  { name: "text", type: "string", values: ["a", null, "ü", "a"] },
  { name: "price", type: "float64", values: [0.1, 0.2, 0.3, 0.4] },
  { name: "tags", type: "string-list", values: [["x"], [], ["y", "z"], ["x"]] },
];
const NAMES = COLUMNS.map(({ name }) => name);

async function drain(chunks: AsyncIterable<unknown>): Promise<number> {
  let count = 0;
  for await (const _ of chunks) count++;
  return count;
}

/** Tables of every format. */
export async function tableReaders(folder: string): Promise<HostileReader[]> {
  const golden = join(import.meta.dirname, "..", "data", "golden");
  const at = (name: string): string => join(folder, name);
  writeFileSync(at("whole.csv"), 'id,label,text\n1,0,"a,b"\n2,1,"say ""hi"""\n3,1,ü\n');
  for (const codec of ["snappy", "gzip"] as const)
    await writeParquet(at(`${codec}.parquet`), COLUMNS, { codec, rowsPerGroup: 2 });
  for (const format of ["file", "stream"] as const)
    await writeArrow(at(`whole.${format}`), COLUMNS, { format, rowsPerBatch: 2 });
  for (const name of ["pyarrow-zstd.parquet", "pyarrow-v2.parquet", "pyarrow-zstd.arrows"])
    copyFileSync(join(golden, name), at(name));
  type Read = (path: string, columns: readonly string[]) => AsyncIterable<TableChunk>;
  const csv: Read = (path, columns) => readCsv(path, columns, { delimiter: "," });
  const table = (file: string, columns: readonly string[], format: FileFormat, read: Read): HostileReader => ({
    name: file,
    whole: readFileSync(at(file)),
    read: async (bytes) => {
      const path = at(`hostile-${file}`);
      writeFileSync(path, bytes);
      await drain(read(path, columns));
      const [name] = columns;
      const config = { [name!]: { role: "user", kind: "id", missing: "keep" } } as never;
      return readTable([{ path, name: file, format }], config);
    },
  });
  return [
    table("whole.csv", ["id", "label", "text"], "csv", csv),
    table("snappy.parquet", NAMES, "parquet", readParquet),
    table("gzip.parquet", NAMES, "parquet", readParquet),
    table("pyarrow-zstd.parquet", ["user"], "parquet", readParquet),
    table("pyarrow-v2.parquet", ["user"], "parquet", readParquet),
    table("whole.file", NAMES, "arrow-file", readArrowFile),
    table("whole.stream", NAMES, "arrow-stream", readArrowStream),
    table("pyarrow-zstd.arrows", ["user"], "arrow-stream", readArrowStream),
  ];
}

/** Safetensors, a score store's manifest and shards. */
export async function storeReaders(folder: string): Promise<HostileReader[]> {
  const tensors = join(folder, "whole.safetensors");
  await writeSafetensors(tensors, {
    a: { dtype: "F32", shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) },
    b: { dtype: "I32", shape: [3], data: Int32Array.of(1, 2, 3) },
  });
  const store = join(folder, "store");
  await runJob(store);
  const manifest = join(store, "manifest.json");
  const shard = join(store, "rows-00000.arrow");
  const [wholeManifest, wholeShard] = [readFileSync(manifest), readFileSync(shard)];
  return [
    {
      name: "whole.safetensors",
      whole: readFileSync(tensors),
      read: async (bytes) => {
        writeFileSync(tensors, bytes);
        return readSafetensors(tensors);
      },
    },
    {
      name: "manifest.json",
      whole: wholeManifest,
      isJson: true,
      read: async (bytes) => {
        writeFileSync(shard, wholeShard);
        writeFileSync(manifest, bytes);
        return drain(readShards(await openStore(store), "rows"));
      },
    },
    {
      name: "shard.arrow", // with the manifest that its enemy writes too
      whole: wholeShard,
      read: async (bytes) => {
        const value = JSON.parse(wholeManifest.toString("utf8"));
        Object.assign(value.content.rows.shards[0], { bytes: Math.max(1, bytes.length), sha256: sha256(bytes) });
        writeFileSync(manifest, JSON.stringify(value));
        writeFileSync(shard, bytes);
        return drain(readShards(await openStore(store), "rows"));
      },
    },
  ];
}

/** A checkpoint of a small program. */
export async function checkpointReaders(folder: string): Promise<HostileReader[]> {
  const run = runFolder(join(folder, "checkpointed"));
  mkdirSync(run.checkpoints, { recursive: true });
  const adam = { dense: { kind: "adam" }, table: { kind: "adagrad" } } as const;
  const entry = { kind: "train", step: smallStep, optimisers: { main: adam, head: adam } } as const;
  const program = createProgram(smallModel, { train: entry }, { eager: true });
  const state = { ...trainStart, step: 3 };
  const path = await saveCheckpoint(run, program, { state, dataFingerprint: "x", best: true, keepLast: 1 });
  const latest = join(run.checkpoints, "latest");
  const files = ["model.safetensors", "optimizer.safetensors", "state.json"].map((name) => join(path, name));
  return [...files, latest].map((file) => {
    const whole = readFileSync(file);
    return {
      name: file.split("/").at(-1)!,
      whole,
      isJson: file.endsWith(".json"),
      read: async (bytes) => {
        writeFileSync(file, bytes);
        try {
          return await loadCheckpoint(run, (await findCheckpoint(run, "latest"))!, program, {
            what: "all",
            dataFingerprint: "x",
          });
        } finally {
          writeFileSync(file, whole);
        }
      },
    };
  });
}

/** A run's configuration as YAML. */
export function yamlReader(folder: string): HostileReader {
  const path = writeSmallRun(join(folder, "yaml"));
  return {
    name: "run.yaml",
    whole: readFileSync(path),
    read: async (bytes) => {
      writeFileSync(path, bytes);
      return readRunConfig(path);
    },
  };
}

/** The files that a run folder is opened by. */
export async function runFolderReaders(folder: string): Promise<HostileReader[]> {
  const out = join(folder, "run");
  const config = writeSmallRun(join(folder, "run-data"));
  await finishRun(config, out, { sets: ["train.epochs=1", "teacher=null", "distill=[]"].slice(0, 1) });
  return ["config.resolved.json", "encoding.json"].map((name) => {
    const file = join(out, name);
    const whole = readFileSync(file);
    return {
      name,
      whole,
      isJson: true,
      read: async (bytes) => {
        writeFileSync(file, bytes);
        try {
          const opened = await openRun(out);
          opened.program.close();
          return opened;
        } finally {
          writeFileSync(file, whole);
        }
      },
    };
  });
}
