import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { chunkEncoder } from "../../src/data/chunk-encoder.ts";
import { dataConfig } from "../../src/data/config.ts";
import { openDataset } from "../../src/data/open-dataset.ts";
import { readCsv } from "../../src/data/read-csv.ts";
import type { TableChunk } from "../../src/data/table-chunk.ts";

const folder = mkdtempSync(join(tmpdir(), "twinstill-chunks-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const config = dataConfig.parse({
  source: "rows.csv",
  columns: {
    user: { role: "user", kind: "id" },
    item: { role: "item", kind: "id", vocabulary: { kind: "hashed", rows: 50 } },
    again: { role: "item", kind: "categorical", shareWith: "user", missing: "oov" },
    size: { role: "item", kind: "numeric" },
    tags: { role: "item", kind: "multi", maxLength: 2, separator: "|" },
  },
  labels: { all: "1" },
  split: { by: "expression", train: "size >= 0" },
});
const lines = ["user,item,again,size,tags"];
for (let i = 0; i < 40; i++)
  lines.push([(i * 7) % 31, i * 100_000, i % 3 === 0 ? "" : i % 5, i / 4, `a|b${i % 4}|c`].join(","));

describe("rows encoded chunk by chunk", () => {
  it("are those of the whole file", async () => {
    writeFileSync(join(folder, "rows.csv"), `${lines.join("\n")}\n`);
    const dataset = await openDataset(config, { baseDir: folder });
    const encode = await chunkEncoder(config.columns, dataset.encoding);
    for await (const chunk of readCsv(join(folder, "rows.csv"), Object.keys(config.columns), { delimiter: "," })) {
      const columns = encode(chunk, (row) => `row ${row}`);
      for (const [name, { data, width }] of dataset.columns)
        expect({ name, width, data: [...columns.get(name)!.data] }).toEqual({ name, width, data: [...data] });
    }
  });

  it("give integers of typed arrays the ids of their spelling, whatever their size", async () => {
    const { encoding } = await openDataset(config, { baseDir: folder });
    const encode = await chunkEncoder(config.columns, encoding);
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.nat(60), fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })), { minLength: 1 }),
        (ids) => {
          const chunkOf = (cells: ArrayLike<unknown>): TableChunk => ({
            firstRow: 0,
            rows: ids.length,
            columns: new Map<string, ArrayLike<unknown>>([
              ["user", cells],
              ["item", cells],
              ["again", cells],
              ["size", ids.map(() => 1)],
              ["tags", ids.map(() => ["a"])],
            ]),
          });
          const [typed, texts] = [Int32Array.from(ids), ids.map(String)].map((cells) => encode(chunkOf(cells), String));
          for (const name of ["user", "item", "again"])
            expect([...typed!.get(name)!.data]).toEqual([...texts!.get(name)!.data]);
        },
      ),
    );
  });
});
