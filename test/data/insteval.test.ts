import { createHash } from "node:crypto";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { parseDataConfig } from "../../src/data/config.ts";
import { interactions } from "../../src/data/interactions.ts";
import { openDataset } from "../../src/data/open-dataset.ts";
import { readParquet } from "../../src/data/read-parquet.ts";
import { readAll } from "./read-all.ts";

const folder = path.join(import.meta.dirname, "../../examples/data/insteval");
const COLUMNS = ["s", "d", "studage", "lectage", "service", "dept", "y"];
/** SHA-256 of the table as comma-separated text with a header, 1,430,503 bytes. */
const CSV_SHA256 = "78dbe99f11bc6b9108f2785823cf2ae86aad35314f2f8a0ae3041873782399c7";

describe("examples/data/insteval", () => {
  it("holds every row of the CSV file that it was made from", async () => {
    const { rows, columns } = await readAll(readParquet(path.join(folder, "insteval.parquet"), COLUMNS));
    expect(rows).toBe(73_421);
    const lines = Array.from({ length: rows }, (_, row) => COLUMNS.map((name) => columns[name]![row]).join(","));
    const text = `${[COLUMNS.join(","), ...lines].join("\n")}\n`;
    expect(text.length).toBe(1_430_503);
    expect(createHash("sha256").update(text).digest("hex")).toBe(CSV_SHA256);
  });

  it("splits and encodes into the known counts", async () => {
    const config = parseDataConfig({
      source: "insteval.parquet",
      columns: {
        s: { role: "user", kind: "id" },
        studage: { role: "user", kind: "categorical" },
        d: { role: "item", kind: "id" },
        dept: { role: "item", kind: "categorical" },
        service: { role: "context", kind: "categorical" },
        lectage: { role: "time" },
        y: { role: "label" },
      },
      labels: { attended: "1", ctr: "y >= 4", ctcvr: "y == 5" },
      implies: { ctcvr: "ctr" },
      split: { by: "expression", train: "lectage >= 2", test: "lectage == 1" },
    });
    const dataset = await openDataset(config, { baseDir: folder });
    expect([dataset.users.size, dataset.items.size]).toEqual([2972, 1128]);
    const { train, test } = dataset.report.parts;
    expect([train!.rows, test!.rows]).toEqual([53_296, 20_125]);
    expect(test!.users - test!.coldUsers).toBe(2582);
    expect(test!.outOfVocabulary).toEqual({ s: 312, d: 940 });
    expect(dataset.report.vocabularySizes).toEqual({ s: 2927, studage: 6, d: 1081, dept: 16, service: 4 });
    const loved = interactions(dataset, "test", { label: "ctcvr" });
    expect(loved.offsets.at(-1)).toBe(dataset.parts.test!.filter((row) => dataset.numbers.get("y")![row] === 5).length);
  });
});
