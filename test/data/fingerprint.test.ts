import { describe, expect, it } from "vitest";
import { fingerprintOf, loadHash } from "../../src/data/fingerprint.ts";
import { openSample } from "./random-dataset.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const folder = temporaryFolder();

describe("fingerprintOf", () => {
  it("sees every value of a column, however long", async () => {
    const hash = await loadHash();
    const dataset = await openSample(folder, [["a", "p", 1, 1, "x", 0]]);
    const data = new Int32Array(700_001);
    const print = (): string => fingerprintOf(hash, { ...dataset, columns: new Map([["c", { data, width: 1 }]]) });
    const prints = new Set([print()]);
    for (const at of [0, 262_143, 262_144, 400_000, 524_288, 700_000]) {
      data[at] = 1;
      prints.add(print());
      data[at] = 0;
    }
    expect(prints.size).toBe(7);
    expect(prints).toContain(print());
  });

  it("tells columns apart that are cut differently", async () => {
    const hash = await loadHash();
    const dataset = await openSample(folder, [["a", "p", 1, 1, "x", 0]]);
    const print = (lengths: readonly number[]): string => {
      const columns = lengths.map((length, i) => [`c${i}`, { data: new Int32Array(length), width: 1 }] as const);
      return fingerprintOf(hash, { ...dataset, columns: new Map(columns) });
    };
    expect(new Set([print([3, 3]), print([2, 4]), print([4, 2]), print([6])]).size).toBe(4);
  });
});
