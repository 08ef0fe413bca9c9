import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { pairIndex } from "../../../src/distill/scores/pair-index.ts";

describe("the index of pairs", () => {
  it("finds every row with a pair, in order, and nothing else", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(6), fc.nat(6)), { maxLength: 60 }), fc.nat(1000), (pairs, skip) => {
        const a = Int32Array.from(pairs, ([x]) => x);
        const b = Int32Array.from(pairs, ([, y]) => y);
        const rows = Int32Array.from(pairs.keys()).filter((row) => (row * 7 + skip) % 3 !== 0);
        const index = pairIndex(a, b, rows);
        for (let x = 0; x <= 7; x++) {
          for (let y = 0; y <= 7; y++) {
            const found: number[] = [];
            for (let place = index.first(x, y); place >= 0; place = index.next(place)) found.push(rows[place]!);
            expect(found).toEqual(Array.from(rows).filter((row) => a[row] === x && b[row] === y));
          }
        }
      }),
    );
  });

  it("does not slow down where numbers are regular", () => {
    const size = 200_000;
    const rows = Int32Array.from({ length: size }, (_, i) => i);
    const a = rows.map((i) => (i % 1000) * 1024);
    const b = rows.map((i) => Math.floor(i / 1000) * 4096);
    const started = performance.now();
    const index = pairIndex(a, b, rows);
    expect(rows.filter((i) => index.first(a[i]!, b[i]!) !== i)).toHaveLength(0);
    expect(performance.now() - started).toBeLessThan(5000);
  });
});
