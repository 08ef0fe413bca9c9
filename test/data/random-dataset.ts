import fc from "fast-check";
import type { Dataset } from "../../src/data/dataset.ts";
import { csv, openText } from "./open-text.ts";

/** One row: user, item, label, price, tags, part (0 train, 1 test). */
export type SampleRow = readonly [string, string, number, number, string, number];

/** Rows of few users and items, so that pairs repeat; at least one row trains. */
export const sampleRows: fc.Arbitrary<SampleRow[]> = fc
  .array(
    fc.tuple(
      fc.constantFrom("a", "b", "c", "d"),
      fc.constantFrom("p", "q", "r", "s", "t", "v"),
      fc.constantFrom(0, 1),
      fc.integer({ min: 0, max: 9 }),
      fc.constantFrom("", "x", "x|y", "z|y|x"),
      fc.constantFrom(0, 0, 0, 1),
    ),
    { minLength: 1, maxLength: 30 },
  )
  .map((rows) => rows.map((row, i): SampleRow => (i === 0 ? [row[0], row[1], row[2], row[3], row[4], 0] : row)));

/** Opens sample rows: u and price of the user, i and tags of the item, place of the context, weight price. */
export function openSample(folder: string, rows: readonly SampleRow[]): Promise<Dataset> {
  const hasTest = rows.some((row) => row[5] === 1);
  const text = csv(
    "u,i,y,price,tags,part,place,w,score",
    rows.map((row, at) => [...row, at % 3, row[3], at / 4]),
  );
  return openText(folder, text, {
    columns: {
      price: { role: "user", kind: "numeric", transform: "none" },
      tags: { role: "item", kind: "multi", maxLength: 2, missing: "empty" },
      part: { role: "extra" },
      place: { role: "context", kind: "categorical" },
      w: { role: "weight" },
      score: { role: "teacher-score" },
    },
    labels: { click: "y == 1", seen: "1" },
    split: { by: "expression", train: "part == 0", ...(hasTest && { test: "part == 1" }) },
  });
}
