import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { overlapAtK, recallAtMAtK } from "../../src/eval/overlap.ts";
import { batchRecall, knnRecall } from "../../src/eval/pair-recall.ts";
import { teacherRegretAtK } from "../../src/eval/teacher-regret.ts";
import { NO_ITEM, type TopLists } from "../../src/eval/top-lists.ts";
import {
  batchRecallByPlaces,
  overlapOfLists,
  recallAtM,
  recallOfPairs,
  regretOfList,
} from "../oracle/metrics-lists.ts";

const WIDTH = 6;
/** Lists of up to six of nine items: empty ones and ones shorter than k among them. */
const lists = (users: number) =>
  fc.array(fc.uniqueArray(fc.integer({ min: 0, max: 8 }), { maxLength: WIDTH }), {
    minLength: users,
    maxLength: users,
  });
const topLists = (all: readonly (readonly number[])[]): TopLists => ({
  ...{ users: all.length, width: WIDTH },
  items: Int32Array.from(all.flatMap((list) => [...list, ...Array(WIDTH - list.length).fill(NO_ITEM)])),
});
const cutoff = fc.integer({ min: 1, max: WIDTH });
const near = (got: number | null, want: number | null) =>
  want === null ? expect(got).toBeNull() : expect(got).toBeCloseTo(want, 12);
const meanOf = (values: readonly (number | null)[]) => {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
};

describe("metrics of lists equal their definitions", () => {
  it("overlap@k and recall@m@k", () => {
    fc.assert(
      fc.property(lists(4), lists(4), cutoff, cutoff, (own, other, m, k) => {
        near(
          overlapAtK(topLists(own), topLists(other), { k }).mean,
          meanOf(own.map((list, u) => overlapOfLists(list, other[u]!, k))),
        );
        const recalls = own.map((list, u) => recallAtM(list, other[u]!, { m, k }));
        near(recallAtMAtK(topLists(own), topLists(other), { m, k }).mean, meanOf(recalls));
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  it("KNN recall@k over pairs, repeated ones counted again", () => {
    const pairs = fc.array(fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 8 })), { maxLength: 12 });
    fc.assert(
      fc.property(lists(4), pairs, cutoff, (own, wanted, k) => {
        const [users, items] = [wanted.map(([user]) => user), wanted.map(([, item]) => item)];
        near(knnRecall(topLists(own), users, items, { k }), recallOfPairs(own, wanted, k));
      }),
      { seed: 2, numRuns: 200 },
    );
  });

  it("batch recall@k with ties ordered by chance, and k beyond the batch", () => {
    const matrix = fc.integer({ min: 0, max: 5 }).chain((size) => {
      const row = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: size, maxLength: size });
      return fc.array(row, { minLength: size, maxLength: size });
    });
    fc.assert(
      fc.property(matrix, fc.integer({ min: 1, max: 8 }), (scores, k) => {
        near(batchRecall(scores.flat(), { k }), batchRecallByPlaces(scores, k));
      }),
      { seed: 3, numRuns: 300 },
    );
  });

  it("teacher regret@k of candidate lists, ties and short lists among them", () => {
    const pair = fc.tuple(fc.integer({ min: 0, max: 3 }), fc.double({ min: -5, max: 5, noNaN: true }));
    fc.assert(
      fc.property(fc.array(fc.array(pair, { maxLength: 6 }), { maxLength: 4 }), cutoff, (candidates, k) => {
        const offsets = Int32Array.from([0, ...candidates.map((_, i) => candidates.slice(0, i + 1).flat().length)]);
        const [student, teacher] = [0, 1].map((side) => candidates.flat().map((own) => own[side]!));
        const wanted = candidates.map((list) =>
          regretOfList(
            list.map(([a]) => a),
            list.map(([, b]) => b),
            k,
          ),
        );
        near(teacherRegretAtK(student!, teacher!, offsets, { k }).mean, meanOf(wanted));
      }),
      { seed: 4, numRuns: 200 },
    );
  });
});
