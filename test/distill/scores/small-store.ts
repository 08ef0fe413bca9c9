import {
  type SectionName,
  STORE_FORMAT,
  type StoreHeader,
  type StoreManifest,
} from "../../../src/distill/scores/manifest.ts";
import { encodeRowSet, rowSet } from "../../../src/distill/scores/row-set.ts";
import type { ScoreColumns } from "../../../src/distill/scores/score-columns.ts";
import { openStoreWriter, type StoreWriter, type WriterOptions } from "../../../src/distill/scores/store-writer.ts";
import { packTexts } from "../../../src/distill/scores/text-column.ts";

/** A hash of 64 digits that begins with `text`'s letters as hexadecimal. */
export const hashOf = (text: string): string => Buffer.from(text).toString("hex").padEnd(64, "0");

/** Header of a store of heads ctr and ctcvr whose section `rows` has rows, users and items of one file. */
export function smallHeader(changes: Partial<StoreHeader> = {}): StoreHeader {
  return {
    format: STORE_FORMAT,
    teacher: {
      kind: "run",
      model: "teacher",
      run: "older",
      checkpoint: "step-00000009",
      weights: "00000000000000aa",
      features: "00000000000000bb",
      trained: {
        rows: 10,
        days: { column: "day", from: 0, to: 4 },
        files: [
          {
            name: "a.csv",
            sha256: hashOf("a"),
            rows: 100,
            trained: encodeRowSet(rowSet([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])),
          },
        ],
      },
    },
    schema: {
      user: "u",
      item: "i",
      request: null,
      columns: { u: { role: "user", kind: "id" }, i: { role: "item", kind: "id" } },
    },
    source: { part: "train", files: [{ name: "a.csv", sha256: hashOf("a"), start: 0 }] },
    heads: ["ctr", "ctcvr"],
    values: "logit",
    dtype: "float32",
    compression: "none",
    sections: { rows: { keys: ["row", "user", "item"], options: { rowsPerShard: 4 } } },
    jobs: 1,
    ...changes,
  };
}

export interface SmallPair {
  readonly row: number;
  readonly user: string;
  readonly item: string;
  readonly rank?: number;
  readonly ctr: number;
}

/** Columns of some pairs; ctcvr is ctr - 1. */
export function columnsOf(pairs: readonly SmallPair[]): ScoreColumns {
  const ranked = pairs.every(({ rank }) => rank !== undefined);
  return {
    rows: pairs.length,
    row: Float64Array.from(pairs, ({ row }) => row),
    user: packTexts(pairs.map(({ user }) => user)),
    item: packTexts(pairs.map(({ item }) => item)),
    ...(ranked && { rank: Int32Array.from(pairs, ({ rank }) => rank!) }),
    scores: { ctr: Float32Array.from(pairs, ({ ctr }) => ctr), ctcvr: Float32Array.from(pairs, ({ ctr }) => ctr - 1) },
  };
}

/** Row r of user u<r % 3> and item i<r % 5>, score r / 4. */
export function pairOf(row: number): SmallPair {
  return { row, user: `u${row % 3}`, item: `i${row % 5}`, ctr: row / 4 };
}

/** Shards of four rows each, of rows 10, 11, ... */
export function smallShards(count = 3): readonly ScoreColumns[] {
  return Array.from({ length: count }, (_, shard) => columnsOf([0, 1, 2, 3].map((i) => pairOf(10 + 4 * shard + i))));
}

/** Writes what the job wants of the shards and finishes. */
export async function runJob(
  path: string,
  options: Partial<WriterOptions> & {
    readonly header?: StoreHeader;
    readonly shards?: readonly ScoreColumns[];
    readonly section?: SectionName;
    /** Called before each shard that is written. */
    readonly before?: (shard: number) => void;
  } = {},
): Promise<StoreManifest | undefined> {
  const { header = smallHeader(), shards = smallShards(), section = "rows", before, ...rest } = options;
  const writer = await openStoreWriter(path, header, { job: 1, resume: false, ...rest });
  try {
    return await writeAll(writer, { shards, section, ...(before && { before }) });
  } finally {
    await writer.close();
  }
}

async function writeAll(
  writer: StoreWriter,
  {
    shards,
    section,
    before,
  }: { shards: readonly ScoreColumns[]; section: SectionName; before?: (shard: number) => void },
): Promise<StoreManifest | undefined> {
  if (writer.whole) return writer.whole;
  for (const [shard, columns] of shards.entries()) {
    if (!writer.wants(section, shard)) continue;
    before?.(shard);
    await writer.write(section, shard, columns);
  }
  const rows = shards.reduce((sum, columns) => sum + columns.rows, 0);
  return writer.finish({
    shards: { [section]: shards.length },
    fileRows: [100],
    coverage: { scored: rows, of: rows },
    day: { column: "day", from: 5, to: 6 },
  });
}
