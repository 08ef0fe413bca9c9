import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hasItem, interactions } from "../../src/data/interactions.ts";
import { ConfigError } from "../../src/errors.ts";
import { openSample, type SampleRow, sampleRows } from "./random-dataset.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const folder = temporaryFolder();

/** Oracle: the items of a user, from the rows as text. */
function itemsOf(rows: readonly SampleRow[], user: string, keep: (row: SampleRow) => boolean): string[] {
  return [...new Set(rows.filter((row) => row[0] === user && keep(row)).map((row) => row[1]))].sort();
}

describe("interactions", () => {
  it("are the distinct items of each user, rising, in the part and where the label is 1", async () => {
    await fc.assert(
      fc.asyncProperty(sampleRows, fc.boolean(), fc.constantFrom(0, 1), async (rows, onlyClicks, part) => {
        fc.pre(part === 0 || rows.some((row) => row[5] === 1));
        const dataset = await openSample(folder, rows);
        const name = part === 0 ? "train" : "test";
        const found = interactions(dataset, name, onlyClicks ? { label: "click" } : {});
        expect(found.offsets).toHaveLength(dataset.users.size + 1);
        for (const [user, id] of dataset.users.ids.entries()) {
          const own = found.items.slice(found.offsets[user], found.offsets[user + 1]);
          expect(own).toEqual(own.slice().sort());
          const expected = itemsOf(rows, id, (row) => row[5] === part && (!onlyClicks || row[2] === 1));
          expect(Array.from(own, (item) => dataset.items.ids[item]).sort()).toEqual(expected);
          for (const [item, itemId] of dataset.items.ids.entries()) {
            expect(hasItem(found, user, item)).toBe(expected.includes(itemId));
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it("need a part and a label that are there", async () => {
    const dataset = await openSample(folder, [["a", "p", 1, 1, "x", 0]]);
    expect(() => interactions(dataset, "test")).toThrow(
      new ConfigError("interactions: part must be one that the data have, got test"),
    );
    expect(() => interactions(dataset, "train", { label: "clik" })).toThrow(
      new ConfigError('interactions: label must be one of click, seen, got "clik"; did you mean "click"?'),
    );
  });
});
