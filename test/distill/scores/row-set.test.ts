import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  countRows,
  decodeRowSet,
  encodeRowSet,
  hasRow,
  type RowSet,
  rowSet,
  unionRows,
} from "../../../src/distill/scores/row-set.ts";
import { DataError } from "../../../src/errors.ts";

const rows = fc.oneof(fc.array(fc.nat(40), { maxLength: 30 }), fc.array(fc.nat(2 ** 45), { maxLength: 10 }));
const members = ({ from, to }: RowSet): number[] =>
  from.flatMap((start, i) => Array.from({ length: to[i]! - start }, (_, k) => start + k));

describe("row sets", () => {
  it("hold what they were made from, in rising runs that do not touch", () => {
    fc.assert(
      fc.property(rows, (given) => {
        const set = rowSet(given);
        expect(members(set)).toEqual([...new Set(given)].sort((a, b) => a - b));
        for (const [i, start] of set.from.entries()) if (i > 0) expect(start).toBeGreaterThan(set.to[i - 1]!);
        expect(countRows(set)).toBe(new Set(given).size);
      }),
    );
  });

  it("know their members", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(40)), (given) => {
        const set = rowSet(given);
        for (let row = 0; row <= 41; row++) expect(hasRow(set, row)).toBe(given.includes(row));
      }),
    );
  });

  it("join", () => {
    fc.assert(
      fc.property(rows, rows, (a, b) => {
        expect(unionRows(rowSet(a), rowSet(b))).toEqual(rowSet([...a, ...b]));
      }),
    );
  });

  it("come back from their text", () => {
    fc.assert(
      fc.property(rows, (given) => {
        const set = rowSet(given);
        expect(decodeRowSet(encodeRowSet(set))).toEqual(set);
      }),
    );
    expect(encodeRowSet(rowSet([0, 1, 2, 300]))).toBe(Buffer.from([0, 3, (297 % 128) | 128, 2, 1]).toString("base64"));
  });

  it.each([
    ["gA==", "decodeRowSet: rows must be whole varints, got a cut text of 1 bytes"],
    ["AQ==", "decodeRowSet: rows must be whole varints, got a cut text of 1 bytes"],
    ["AQA=", "decodeRowSet: runs must rise and not touch, got one of 0 rows at 1"],
    ["AAEAAQ==", "decodeRowSet: runs must rise and not touch, got one of 1 rows at 1"],
  ])("refuse the text %s", (text, message) => {
    expect(() => decodeRowSet(text)).toThrow(new DataError(message));
  });
});
