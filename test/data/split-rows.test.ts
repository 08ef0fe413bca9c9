import { writeFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DataConfigInput } from "../../src/data/config.ts";
import type { Dataset } from "../../src/data/dataset.ts";
import { DataError } from "../../src/errors.ts";
import { csv, openText } from "./open-text.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const folder = temporaryFolder();

type Split = NonNullable<DataConfigInput["split"]>;

/** Opens rows [user, time]; items are numbered like the rows, so that parts can be read off them. */
async function split(rows: readonly (readonly [unknown, unknown])[], how: Split): Promise<Dataset> {
  const text = csv(
    "u,t,i,y",
    rows.map(([user, time], row) => [user, time, row, 1]),
  );
  return openText(folder, text, { columns: { t: { role: "time" } }, split: how });
}

/** The original row numbers of each part, in the part's order. */
function originalRows({ parts, items }: Dataset): Record<string, number[]> {
  const originals = (rows: Int32Array): number[] => Array.from(rows, (row) => Number(items.ids[items.rowEntity[row]!]));
  return Object.fromEntries(Object.entries(parts).map(([part, rows]) => [part, originals(rows)]));
}

const six = [
  ["a", 3],
  ["a", 1],
  ["b", 2],
  ["b", 1],
  ["c", 3],
  ["c", 2],
] as const;

describe("split by expression", () => {
  it("gives rows to the part whose expression is true, and counts the rest", async () => {
    const dataset = await split(six, { by: "expression", train: "t == 1", test: 't == 3 and u == "c"' });
    expect(originalRows(dataset)).toEqual({ train: [1, 3], test: [4] });
    expect(dataset.rows).toBe(3);
    expect(dataset.report).toMatchObject({ rowsRead: 6, rowsUnused: 3 });
    expect(dataset.users.ids).toEqual(["a", "b", "c"]);
  });

  it("finds a row in two parts, unless that is meant", async () => {
    const overlapping = { by: "expression", train: "t <= 2", validation: "t == 2", test: "t == 3" } as const;
    const attempt = split(six, overlapping);
    await expect(attempt).rejects.toThrow(DataError);
    await expect(attempt).rejects.toThrow(
      "rows.csv line 4: a row must be in one part, got train and validation; mend data.split, or set overlap: allow",
    );
    expect(originalRows(await split(six, { ...overlapping, overlap: "allow" }))).toEqual({
      train: [1, 2, 3, 5],
      validation: [2, 5],
      test: [0, 4],
    });
  });

  it("finds an empty part", async () => {
    await expect(split(six, { by: "expression", train: "t < 9", test: "t == 9" })).rejects.toThrow(
      "data.split: part test must have rows, got none of 6; see data.split and data.source",
    );
    await expect(split(six, { by: "expression", train: "t == 9", test: "t < 9" })).rejects.toThrow(
      "part train must have",
    );
  });
});

describe("split by time", () => {
  it("cuts at times; rows are in the order of time, then of the file", async () => {
    expect(originalRows(await split(six, { by: "time", cuts: { validation: 2, test: 3 } }))).toEqual({
      train: [1, 3],
      validation: [2, 5],
      test: [0, 4],
    });
    expect(originalRows(await split(six, { by: "time", cuts: { test: 2.5 } }))).toEqual({
      train: [1, 3, 2, 5],
      test: [0, 4],
    });
  });

  it("cuts at dates", async () => {
    const dated = [
      ["a", "2024-03-01"],
      ["a", "2024-01-01"],
      ["b", "2024-02-01"],
    ] as const;
    expect(originalRows(await split(dated, { by: "time", cuts: { test: "2024-02-15" } }))).toEqual({
      train: [1, 2],
      test: [0],
    });
    await expect(split(dated, { by: "time", cuts: { test: "soon" } })).rejects.toThrow(
      'data.split.cuts.test: a cut must be a number or an ISO 8601 date, got "soon"',
    );
  });

  it("cuts by share, and never parts rows of one time", async () => {
    const rows = Array.from({ length: 10 }, (_, row) => ["a", row] as const);
    expect(
      originalRows(await split(rows, { by: "time", fractions: { train: 0.7, validation: 0.2, test: 0.1 } })),
    ).toEqual({
      train: [0, 1, 2, 3, 4, 5, 6],
      validation: [7, 8],
      test: [9],
    });
    const ties = Array.from({ length: 10 }, (_, row) => ["a", row < 4 ? 0 : 1] as const);
    expect(originalRows(await split(ties, { by: "time", fractions: { train: 0.6, test: 0.4 } }))).toEqual({
      train: [0, 1, 2, 3],
      test: [4, 5, 6, 7, 8, 9],
    });
  });

  it("needs a time in each row", async () => {
    const text = csv("u,t,i,y", [
      ["a", 1, 1, 1],
      ["a", "", 2, 1],
    ]);
    const missing = openText(folder, text, {
      columns: { t: { role: "time", missing: "keep" } },
      split: { by: "time", cuts: { test: 1 } },
    });
    await expect(missing).rejects.toThrow('rows.csv line 3: column "t" must have a time for data.split, got none');
  });
});

describe("split by ratio", () => {
  const history = Array.from({ length: 23 }, (_, row) => [row < 10 ? "a" : row < 20 ? "b" : "c", 100 - row] as const);

  it("holds out the last rows of each user, rounding down", async () => {
    const dataset = await split(history, { by: "ratio", order: "file", train: 0.7, validation: 0.1, test: 0.2 });
    expect(originalRows(dataset)).toEqual({
      train: [0, 1, 2, 3, 4, 5, 6, 10, 11, 12, 13, 14, 15, 16, 20, 21, 22],
      validation: [7, 17],
      test: [8, 9, 18, 19],
    });
  });

  it("holds out the latest rows of each user", async () => {
    const dataset = await split(history, { by: "ratio", order: "time", train: 0.8, test: 0.2 });
    expect(originalRows(dataset).test).toEqual([0, 1, 10, 11]);
  });

  it("holds out rows at random, each row in one part, the same for the same seed", async () => {
    const how = { by: "ratio", train: 0.7, validation: 0.1, test: 0.2, seed: 3 } as const;
    const parts = originalRows(await split(history, how));
    expect(
      Object.values(parts)
        .flat()
        .sort((a, b) => a - b),
    ).toEqual(history.map((_, row) => row));
    const counts = (part: string, user: number): number =>
      parts[part]!.filter((row) => Math.min(2, Math.floor(row / 10)) === user).length;
    expect([0, 1, 2].map((user) => [counts("train", user), counts("validation", user), counts("test", user)])).toEqual([
      [7, 1, 2],
      [7, 1, 2],
      [3, 0, 0],
    ]);
    expect(originalRows(await split(history, how))).toEqual(parts);
    expect(originalRows(await split(history, { ...how, seed: 4 }))).not.toEqual(parts);
  });

  it("divides all rows at once where asked", async () => {
    const how = { by: "ratio", group: "row", train: 0.5, test: 0.5, order: "file" } as const;
    const dataset = await split(history, how);
    expect(originalRows(dataset).test).toEqual(Array.from({ length: 11 }, (_, i) => 12 + i));
  });

  it("covers every row once, whatever the shares", async () => {
    const shares = fc.tuple(
      fc.integer({ min: 1, max: 8 }),
      fc.integer({ min: 1, max: 8 }),
      fc.integer({ min: 0, max: 4 }),
    );
    await fc.assert(
      fc.asyncProperty(shares, fc.constantFrom("user", "row"), async ([a, b, c], group) => {
        const sum = a + b + c;
        const how = { by: "ratio", group, train: a / sum, validation: c / sum, test: b / sum, seed: a } as const;
        const dataset = await split(history, how).catch((error: unknown) => error);
        if (dataset instanceof DataError) {
          expect(dataset.message).toContain("must have rows");
          return;
        }
        const all = Object.values(originalRows(dataset as Dataset)).flat();
        expect(all.sort((x, y) => x - y)).toEqual(history.map((_, row) => row));
      }),
      { numRuns: 20 },
    );
  });
});

describe("split by source", () => {
  it("takes the files of each part", async () => {
    writeFileSync(path.join(folder, "old.csv"), "u,i,y\na,0,1\nb,1,1\n");
    writeFileSync(path.join(folder, "new.csv"), "u,i,y\na,2,1\n");
    const dataset = await openText(folder, "u,i,y\nz,9,1\n", { source: { test: "new.csv", train: "old.csv" } });
    expect(originalRows(dataset)).toEqual({ train: [0, 1], test: [2] });
  });

  it("trains on all rows where nothing is said", async () => {
    const dataset = await openText(folder, "u,i,y\na,0,1\nb,1,1\n");
    expect(originalRows(dataset)).toEqual({ train: [0, 1] });
  });
});
