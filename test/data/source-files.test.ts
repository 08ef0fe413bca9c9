import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import type { DataConfig } from "../../src/data/config.ts";
import { resolveSource } from "../../src/data/source-files.ts";
import { ConfigError, DataError } from "../../src/errors.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const folder = temporaryFolder();
for (const name of [
  "b.csv",
  "a.parquet",
  "notes.txt",
  "day=2/part-1.parquet",
  "day=2/part-0.parquet",
  "day=1/part-0.parquet",
  "day=1/_SUCCESS",
  "day=1/.part-0.parquet.crc",
  "_temporary/part-9.parquet",
  "x/s.arrow",
  "x/t.arrows",
  "x/u.feather",
  "x/v.TSV",
]) {
  mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
  writeFileSync(path.join(folder, name), "");
}
mkdirSync(path.join(folder, "empty"));

const resolve = (source: DataConfig["source"], format: DataConfig["format"] = "auto") =>
  resolveSource(source, { baseDir: folder, format });
const names = async (source: DataConfig["source"]) => (await resolve(source)).map((file) => file.name);

describe("resolveSource", () => {
  it("takes a file, relative to the config's folder or absolute", async () => {
    const [file] = await resolve("b.csv");
    expect(file).toEqual({ path: path.join(folder, "b.csv"), name: "b.csv", format: "csv" });
    expect(await names(path.join(folder, "a.parquet"))).toEqual(["a.parquet"]);
  });

  it("tells formats by their endings", async () => {
    expect((await resolve("x")).map(({ name, format }) => [name, format])).toEqual([
      ["x/s.arrow", "arrow-file"],
      ["x/t.arrows", "arrow-stream"],
      ["x/u.feather", "arrow-file"],
      ["x/v.TSV", "tsv"],
    ]);
    expect((await resolve("notes.txt", "csv"))[0]!.format).toBe("csv");
  });

  it("reads folders in the order of their names, passing over what is no data", async () => {
    expect(await names(".")).toEqual([
      "a.parquet",
      "b.csv",
      "day=1/part-0.parquet",
      "day=2/part-0.parquet",
      "day=2/part-1.parquet",
      "x/s.arrow",
      "x/t.arrows",
      "x/u.feather",
      "x/v.TSV",
    ]);
  });

  it.each([
    ["day=2/*.parquet", ["day=2/part-0.parquet", "day=2/part-1.parquet"]],
    ["day=*/part-0.parquet", ["day=1/part-0.parquet", "day=2/part-0.parquet"]],
    ["day=?/part-?.parquet", ["day=1/part-0.parquet", "day=2/part-0.parquet", "day=2/part-1.parquet"]],
    ["**/part-0.parquet", ["day=1/part-0.parquet", "day=2/part-0.parquet"]],
    ["**/*.csv", ["b.csv"]],
  ])("matches the glob %s", async (glob, expected) => {
    expect(await names(glob)).toEqual(expected);
  });

  it("keeps the order of a list and the part of each entry", async () => {
    expect(await names(["day=2", "b.csv"])).toEqual(["day=2/part-0.parquet", "day=2/part-1.parquet", "b.csv"]);
    const parts = await resolve({ test: "b.csv", train: ["day=1", "a.parquet"] });
    expect(parts.map(({ name, part }) => [name, part])).toEqual([
      ["day=1/part-0.parquet", "train"],
      ["a.parquet", "train"],
      ["b.csv", "test"],
    ]);
  });

  it.each([
    ["gone.csv", DataError, "gone.csv: the file must exist, got nothing there; see data.source"],
    ["*.json", DataError, "*.json: the glob must match a file, got no match; see data.source"],
    ["nowhere/*.csv", DataError, "nowhere/*.csv: the glob must match a file, got no match"],
    ["empty", DataError, "empty: the folder must hold data files, got none; known endings: .csv .tsv .parquet"],
    ["notes.txt", ConfigError, "data.format: the ending of"],
    [["b.csv", "*.csv"], DataError, "data.source: files must be named once, got"],
    [{ train: "b.csv", test: "./b.csv" }, DataError, "b.csv: a file must belong to one part, got it in two"],
  ])("refuses %j", async (source, type, message) => {
    const attempt = resolve(source);
    await expect(attempt).rejects.toThrow(type);
    await expect(attempt).rejects.toThrow(message);
  });
});
