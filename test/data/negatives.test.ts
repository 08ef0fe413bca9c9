import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { frequencySampler, type ItemSampler, uniformSampler } from "../../src/data/item-sampler.ts";
import { drawNegatives, NO_ITEM } from "../../src/data/negatives.ts";
import { randomStream } from "../../src/random.ts";
import { openSample, type SampleRow, sampleRows } from "./random-dataset.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const folder = temporaryFolder();

describe("drawNegatives", () => {
  it("never gives the row's own item, nor with excludeKnown an item of the user's training rows", async () => {
    await fc.assert(
      fc.asyncProperty(
        sampleRows,
        fc.boolean(),
        fc.boolean(),
        fc.integer(),
        async (rows, excludeKnown, byCount, seed) => {
          const dataset = await openSample(folder, rows);
          const sampler = byCount ? frequencySampler(dataset.items, 1) : uniformSampler(dataset.items);
          const all = Int32Array.from({ length: rows.length }, (_, row) => row);
          const stream = randomStream(seed, "negatives");
          const drawn = drawNegatives(dataset, { rows: all, count: 5, excludeKnown, sampler, stream });
          expect(drawn).toHaveLength(rows.length * 5);
          for (const [row, [user, own]] of rows.entries()) {
            const known = rows.filter((other) => other[0] === user && other[5] === 0).map((other) => other[1]);
            const forbidden = excludeKnown ? [own, ...known] : [own];
            const trained = rows.filter((other) => other[5] === 0).map((other) => other[1]);
            const pool = byCount ? trained : rows.map((other) => other[1]);
            const allowed = [...new Set(pool)].filter((item) => !forbidden.includes(item));
            const got = Array.from(drawn.slice(row * 5, row * 5 + 5), (item) =>
              item === NO_ITEM ? null : dataset.items.ids[item],
            );
            if (allowed.length === 0) expect(got).toEqual([null, null, null, null, null]);
            else for (const item of got) expect(allowed).toContain(item);
          }
        },
      ),
      { numRuns: 80 },
    );
  });

  it("draws what is left with the sampler's odds, also where nearly all mass is known", async () => {
    // User a knows p (96 of 100 rows); q and r are left, drawn 3 to 1.
    const rows: SampleRow[] = [
      ["a", "p", 1, 1, "", 0],
      ...Array.from({ length: 95 }, (): SampleRow => ["b", "p", 1, 1, "", 0]),
      ...Array.from({ length: 3 }, (): SampleRow => ["b", "q", 1, 1, "", 0]),
      ["b", "r", 1, 1, "", 0],
    ];
    const dataset = await openSample(folder, rows);
    const sampler = frequencySampler(dataset.items, 1);
    const count = 4000;
    const draw = (one: ItemSampler): Int32Array =>
      drawNegatives(dataset, {
        rows: Int32Array.of(0),
        count,
        excludeKnown: true,
        sampler: one,
        stream: randomStream(2),
      });
    const shareOfQ = (drawn: Int32Array): number =>
      drawn.filter((item) => dataset.items.ids[item] === "q").length / count;
    expect(Math.abs(shareOfQ(draw(sampler)) - 0.75)).toBeLessThan(0.03);
    // A sampler that always hits what is known leaves every draw to the list of the rest.
    const stubborn = { ...sampler, draw: () => dataset.items.ids.indexOf("p") };
    expect(Math.abs(shareOfQ(draw(stubborn)) - 0.75)).toBeLessThan(0.03);
  });
});
