import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ascendingOrder, descendingOrder } from "../../src/eval/stable-order.ts";
import { randomStream } from "../../src/random.ts";

const LONG = 30_000;
const any = fc.oneof(
  fc.constantFrom(0, -0, Infinity, -Infinity, 5e-324, -5e-324, Number.MAX_VALUE),
  fc.double({ noNaN: true }),
);

function stableSort(values: readonly number[], start: readonly number[]): number[] {
  return [...start].sort((a, b) => (values[a]! < values[b]! ? -1 : values[a]! > values[b]! ? 1 : 0));
}

describe("ascendingOrder", () => {
  it("sorts any numbers, and equal ones stay as they were, in short and in long arrays", () => {
    fc.assert(
      fc.property(fc.array(any, { maxLength: 40 }), (values) => {
        const places = [...values.keys()];
        expect([...ascendingOrder(values)]).toEqual(stableSort(values, places));
        const negated = values.map((value) => -value);
        expect([...descendingOrder(values)]).toEqual(stableSort(negated, places));
        const long = Array.from({ length: 5000 }, (_, i) => values[i % Math.max(1, values.length)] ?? 0);
        expect([...ascendingOrder(long)]).toEqual(stableSort(long, [...long.keys()]));
      }),
      { numRuns: 50 },
    );
  });

  it("sorts many float32 and float64 values of both signs", () => {
    const stream = randomStream(1, "order");
    const values = Array.from({ length: LONG }, () => Math.round(stream.normal() * 1000) / 7);
    const expected = stableSort(values, [...values.keys()]);
    expect([...ascendingOrder(Float64Array.from(values))]).toEqual(expected);
    expect([...ascendingOrder(Float32Array.from(values))]).toEqual(expected);
  });

  it("refines an order that is given", () => {
    const tens = [2, 1, 2, 1, 1];
    const ones = [5, 4, 3, 2, 1];
    expect([...ascendingOrder(tens, ascendingOrder(ones))]).toEqual([4, 3, 1, 2, 0]);
    const long = Array.from({ length: LONG }, (_, i) => (i * 31) % 10);
    const byLong = ascendingOrder(long, descendingOrder(long.map((_, i) => i)));
    expect([...byLong]).toEqual(stableSort(long, [...long.keys()].reverse()));
  });

  it("takes nothing and one", () => {
    expect([...ascendingOrder([])]).toEqual([]);
    expect([...ascendingOrder(Array(LONG).fill(3))]).toEqual([...Array(LONG).keys()]);
  });
});
