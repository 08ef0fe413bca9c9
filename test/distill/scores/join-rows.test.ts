import { join as joinPath } from "node:path";
import { describe, expect, it } from "vitest";
import { joinByPair, joinByRow } from "../../../src/distill/scores/join-rows.ts";
import { openStore } from "../../../src/distill/scores/open-store.ts";
import { pairIndex } from "../../../src/distill/scores/pair-index.ts";
import { rowFinder } from "../../../src/distill/scores/source-rows.ts";
import { DataError } from "../../../src/errors.ts";
import { temporaryFolder } from "../../run/formats/temporary-folder.ts";
import { columnsOf, hashOf, pairOf, runJob, smallHeader } from "./small-store.ts";

const root = temporaryFolder();
let count = 0;
const newArray = (length: number): Float32Array => new Float32Array(length);

async function storeOf(...shards: Parameters<typeof columnsOf>[0][]) {
  const path = joinPath(root, `store-${count++}`);
  await runJob(path, { shards: shards.map(columnsOf) });
  return openStore(path);
}
const target = (rows: number, duplicates: "error" | "last" = "error") => ({
  heads: ["ctcvr"],
  newArray,
  rows,
  duplicates,
});
const source = (rows: readonly number[], files = [{ name: "b.csv", sha256: hashOf("a"), start: 0 }]) => ({
  files,
  rows: Int32Array.from(rows),
});

describe("a join by row", () => {
  it("gives each row the score of that very row, counts what is left over, and fills in nothing", async () => {
    const store = await storeOf([pairOf(10), pairOf(11)], [pairOf(13), pairOf(14)]);
    const joined = await joinByRow(store, rowFinder(store.manifest, source([13, 12, 10])), target(3));
    expect(joined).toEqual({
      scores: new Map([["ctcvr", Float32Array.of(13 / 4 - 1, 0, 10 / 4 - 1)]]),
      mask: Float32Array.of(1, 0, 1),
      joined: 2,
      unused: 2,
      repeated: 0,
    });
  });

  it("finds a file by its content, wherever it lies among others", async () => {
    const path = joinPath(root, `store-${count++}`);
    const header = smallHeader({
      source: {
        part: "train",
        files: [
          { name: "x.csv", sha256: hashOf("x"), start: 0 },
          { name: "y.csv", sha256: hashOf("y"), start: 100 },
        ],
      },
    });
    await runJob(path, { header, shards: [columnsOf([pairOf(3), pairOf(103), pairOf(104)])] });
    const store = await openStore(path);
    const files = [
      { name: "new.csv", sha256: hashOf("z"), start: 0 },
      { name: "renamed.csv", sha256: hashOf("y"), start: 50 },
    ];
    const joined = await joinByRow(store, rowFinder(store.manifest, source([3, 53, 60], files)), target(3));
    expect([joined.mask, joined.unused]).toEqual([Float32Array.of(0, 1, 0), 2]);
    expect(joined.scores.get("ctcvr")![1]).toBe(103 / 4 - 1);
  });

  it("refuses data that have none of the store's files", async () => {
    const store = await storeOf([pairOf(10)]);
    const other = [{ name: "c.csv", sha256: hashOf("c"), start: 0 }];
    expect(() => rowFinder(store.manifest, source([1], other))).toThrow(
      new DataError(
        "score store: source.files must be files of the data for join: row, got a.csv (SHA-256 610000000000) where the data have c.csv (SHA-256 630000000000); score these files, or set scores.join: user-item",
      ),
    );
  });

  it("refuses a row with two scores, unless the last one is to count", async () => {
    const twice = { ...pairOf(10), ctr: 9 };
    const store = await storeOf([pairOf(10), pairOf(11)], [twice]);
    const find = rowFinder(store.manifest, source([10, 11]));
    await expect(joinByRow(store, find, target(2))).rejects.toThrow(
      new DataError(
        `${store.folder.path}/rows-00001.arrow: keys must differ, got two scores for user "u1" and item "i0"; score again, or set scores.duplicates: last`,
      ),
    );
    const joined = await joinByRow(store, find, target(2, "last"));
    expect([joined.scores.get("ctcvr")![0], joined.joined, joined.repeated]).toEqual([8, 2, 1]);
  });
});

describe("a join by user and item", () => {
  const users = new Map([
    ["u1", 0],
    ["u2", 1],
  ]);
  const items = new Map([
    ["i0", 0],
    ["i1", 1],
  ]);
  // Rows 0 and 3 are one pair; row 4 is not to be joined.
  const rowUsers = Int32Array.of(0, 1, 0, 0, 1);
  const rowItems = Int32Array.of(0, 1, 1, 0, 1);
  const rows = Int32Array.of(0, 1, 2, 3);
  const pairs = { users, items, rows, index: pairIndex(rowUsers, rowItems, rows) };

  it("gives a score to every row with its pair", async () => {
    const store = await storeOf([pairOf(10), pairOf(11)], [{ row: 7, user: "u9", item: "i0", ctr: 1 }]);
    const joined = await joinByPair(store, pairs, target(5));
    expect(joined.mask).toEqual(Float32Array.of(1, 1, 0, 1, 0));
    expect(joined.scores.get("ctcvr")).toEqual(Float32Array.of(1.5, 1.75, 0, 1.5, 0));
    expect([joined.joined, joined.unused]).toEqual([3, 1]);
  });

  it("refuses a pair with two scores", async () => {
    const store = await storeOf([pairOf(10), { row: 25, user: "u1", item: "i0", ctr: 3 }]);
    await expect(joinByPair(store, pairs, target(5))).rejects.toThrow(
      'keys must differ, got two scores for user "u1" and item "i0"',
    );
    const last = await joinByPair(store, pairs, target(5, "last"));
    expect([last.scores.get("ctcvr")![3], last.joined, last.repeated]).toEqual([2, 2, 1]);
  });

  it("needs the key columns", async () => {
    const path = joinPath(root, `store-${count++}`);
    const header = smallHeader({ sections: { rows: { keys: ["row", "user"], options: {} } } });
    await runJob(path, { header });
    const store = await openStore(path);
    expect(() => joinByPair(store, pairs, target(5))).toThrow(
      new DataError(
        `${path}: score store must have key columns user, item for join: user-item, got row, user; item missing`,
      ),
    );
  });
});
