import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { assertUnseen, type UsedRows } from "../../../src/distill/scores/leaks.ts";
import type { TrainedRows } from "../../../src/distill/scores/manifest.ts";
import { encodeRowSet, rowSet } from "../../../src/distill/scores/row-set.ts";
import { DataError } from "../../../src/errors.ts";
import { hashOf } from "./small-store.ts";

const rowsOf = (file: string, rows: readonly number[]) => ({
  name: `${file}.csv`,
  sha256: hashOf(file),
  rows: 100,
  trained: encodeRowSet(rowSet(rows)),
});
const days = (from: number, to = from) => ({ column: "day", from, to });
const trained = (rows: readonly number[], range = days(0, 4)): TrainedRows => ({
  rows: rows.length,
  days: range,
  files: [rowsOf("a", rows)],
});
const used = (
  file: string,
  rows: readonly number[],
  range: UsedRows["days"] = days(5),
  sameDays = false,
): UsedRows => ({
  files: [rowsOf(file, rows)],
  days: range,
  sameDays,
  what: "here",
});

describe("the clock", () => {
  it("refuses exactly the rows that the teacher was trained on", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(30)), fc.uniqueArray(fc.nat(30), { minLength: 1 }), (seen, wanted) => {
        const common = wanted.filter((row) => seen.includes(row));
        const check = (): void => assertUnseen(trained(seen), used("a", wanted));
        if (common.length === 0) expect(check).not.toThrow();
        else
          expect(check).toThrow(
            new DataError(
              `here: rows must be new to the teacher, got ${common.length} of a.csv that it was trained on (the first is row ${Math.min(...common) + 1}); score rows that came after its training rows`,
            ),
          );
      }),
    );
  });

  it("knows a file by its content alone", () => {
    expect(() => assertUnseen(trained([1, 2]), used("b", [1, 2]))).not.toThrow();
    const renamed = { ...used("a", [2]), files: [{ ...rowsOf("a", [2]), name: "other.parquet" }] };
    expect(() => assertUnseen(trained([1, 2]), renamed)).toThrow("got 1 of other.parquet");
  });

  it("refuses a day that the teacher has seen, even of rows in other files", () => {
    expect(() => assertUnseen(trained([1]), used("b", [9], days(4, 6)))).toThrow(
      new DataError(
        "here: day must be one that the teacher was not trained on, got day 4 to 6 where the teacher has seen 0 to 4; set score.sameDays where the split is not by time",
      ),
    );
    for (const fine of [days(5), days(-3, -1), null]) {
      expect(() => assertUnseen(trained([1]), used("b", [9], fine))).not.toThrow();
    }
    expect(() => assertUnseen(trained([1]), used("b", [9], days(4), true))).not.toThrow();
    expect(() => assertUnseen(trained([1]), used("a", [1], days(9), true))).toThrow(DataError);
  });
});
