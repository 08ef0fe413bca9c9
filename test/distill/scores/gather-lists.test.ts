import { join as joinPath } from "node:path";
import { describe, expect, it } from "vitest";
import { gatherLists } from "../../../src/distill/scores/gather-lists.ts";
import { openStore } from "../../../src/distill/scores/open-store.ts";
import { textAt } from "../../../src/distill/scores/text-column.ts";
import { DataError } from "../../../src/errors.ts";
import { temporaryFolder } from "../../run/formats/temporary-folder.ts";
import { columnsOf, runJob, type SmallPair, smallHeader } from "./small-store.ts";

const root = temporaryFolder();
let count = 0;
const header = smallHeader({ sections: { top: { keys: ["row", "user", "item", "rank"], options: {} } } });
const entry = (row: number, user: string, item: string, rank: number, ctr: number): SmallPair => ({
  row,
  user,
  item,
  rank,
  ctr,
});

async function gather(shards: readonly (readonly SmallPair[])[], most = 10) {
  const path = joinPath(root, `store-${count++}`);
  await runJob(path, { header, section: "top", shards: shards.map(columnsOf) });
  const users = new Map([
    ["a", 4],
    ["b", 7],
  ]);
  return gatherLists(await openStore(path), "top", {
    heads: ["ctr"],
    most,
    items: new Map(["x", "y", "z"].map((item, i) => [item, i])),
    ownerOf: ({ user }, i) => users.get(textAt(user!, i)) ?? -1,
    newFloats: (length) => new Float32Array(length),
    newInts: (length) => new Int32Array(length),
  });
}

describe("lists of a store", () => {
  it("are gathered by owner over the ends of shards; what the data do not have is counted", async () => {
    const lists = await gather([
      [entry(1, "a", "y", 1, 3), entry(1, "a", "new", 2, 2)],
      [entry(1, "a", "x", 3, 1), entry(2, "who", "x", 1, 9), entry(3, "b", "z", 1, 5)],
    ]);
    expect(lists).toEqual({
      owners: Int32Array.of(4, 7),
      width: 2,
      items: Int32Array.of(1, 0, 2, -1),
      scores: new Map([["ctr", Float32Array.of(3, 1, 5, 0)]]),
      unknownOwners: 1,
      unknownItems: 1,
    });
  });

  it("are cut to the first items", async () => {
    const { width, items } = await gather(
      [[entry(1, "a", "y", 1, 3), entry(1, "a", "x", 2, 2), entry(1, "a", "z", 3, 1)]],
      2,
    );
    expect([width, items]).toEqual([2, Int32Array.of(1, 0)]);
  });

  it.each([
    [[1, 3], "got 3 where 2 must stand"],
    [[2], "got 2 where 1 must stand"],
    [[1, 1], "got 1 where 2 must stand"],
  ])("have ranks without gaps: %j", async (ranks, message) => {
    const pairs = ranks.map((rank, i) => entry(1, "a", ["x", "y"][i]!, rank, 1));
    await expect(gather([pairs])).rejects.toThrow(
      new RegExp(`top-00000.arrow: ranks of a list must be 1, 2, 3 ... without gaps, ${message} for user "a"`),
    );
  });

  it("come once for each owner", async () => {
    const pairs = [entry(1, "a", "x", 1, 1), entry(2, "b", "x", 1, 1), entry(3, "a", "y", 1, 1)];
    await expect(gather([pairs])).rejects.toThrow(DataError);
    await expect(gather([pairs])).rejects.toThrow('keys must differ, got two lists for user "a"');
  });
});
