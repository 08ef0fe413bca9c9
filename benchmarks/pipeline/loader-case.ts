import { join } from "node:path";
import type { BatchSpec } from "../../src/data/batch.ts";
import type { Dataset } from "../../src/data/dataset.ts";
import { openDataset } from "../../src/data/open-dataset.ts";
import { streamBatches } from "../../src/data/stream-batches.ts";
import { asyncContender } from "../contender.ts";
import { pythonContender } from "../python-contender.ts";
import { type Rounds, type RoundsOptions, takeRounds } from "../rounds.ts";
import { rowsConfig, writeRows } from "./rows.ts";

/** Names of our side, and of the ways of PyTorch, by what they do. */
export interface LoaderCase {
  readonly rows: number;
  readonly batch: number;
  /** Reading a file and encoding its 12 fields by vocabularies, by format. */
  readonly reading: Readonly<Record<"parquet" | "arrow", Rounds>>;
  /** One epoch of shuffled batches from what was read. */
  readonly batches: Rounds;
}

export interface LoaderOptions extends RoundsOptions {
  readonly python: string;
  readonly rows: number;
  readonly batch: number;
  readonly say: (line: string) => void;
}

/** Reading and batching 12 fields beside pyarrow and PyTorch's DataLoader. */
export async function runLoaderCase(options: LoaderOptions): Promise<LoaderCase> {
  const { python, rows, batch, say } = options;
  const written = writeRows(python, rows);
  const rounds = { ...options, stepsATurn: 1 };
  const file = (format: string): string => join(written.folder, `rows.${format}`);
  const torch = (name: string, spec: object) =>
    pythonContender(python, { name, script: join(import.meta.dirname, "torch_loader.py"), spec: { batch, ...spec } });
  const reading = async (format: string): Promise<Rounds> => {
    say(`bench: reading ${rows} rows from ${format}`);
    const theirs = await torch("pyarrow", { what: "read", file: file(format) });
    const own = asyncContender("twinstill", async () => (await read(file(format))).rows);
    return takeRounds([own, theirs], rounds).finally(theirs.close);
  };
  try {
    const byFormat = { parquet: await reading("parquet"), arrow: await reading("arrow") };
    say(`bench: one epoch of ${rows} rows in batches of ${batch}`);
    const dataset = await read(file("parquet"));
    const ways = ["sliced", "rows"] as const;
    const theirs = [];
    for (const loader of ways) {
      const name = loader === "sliced" ? "DataLoader, whole batches by index" : "DataLoader, row by row, 2 workers";
      theirs.push(await torch(name, { what: "batches", loader, file: file("parquet") }));
    }
    const own = asyncContender("twinstill, 1 worker thread", () => epoch(dataset, batch));
    const batches = await takeRounds([own, ...theirs], rounds);
    for (const contender of theirs) contender.close();
    return { rows, batch, reading: byFormat, batches };
  } finally {
    written.remove();
  }
}

function read(file: string): Promise<Dataset> {
  return openDataset(rowsConfig(file), { baseDir: "/" });
}

async function epoch(dataset: Dataset, size: number): Promise<number> {
  const spec: BatchSpec = { rows: dataset.parts.train, size, shuffle: true, seed: 1, labels: ["click"] };
  let rows = 0;
  for await (const { batch } of streamBatches(dataset, spec, { epochs: 1 })) rows += batch.weight!.shape[0]!;
  return rows;
}
