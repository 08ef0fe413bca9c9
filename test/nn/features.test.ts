import * as tf from "@tensorflow/tfjs";
import { beforeAll, describe, expect, it } from "vitest";
import type { TableValue } from "../../src/engine/lookup.ts";
import { embeddingWidth, encodedWidth, encodeEach, encoder, type Feature } from "../../src/nn/features.ts";
import { loadRuntime } from "../../src/runtime/index.ts";
import { expectClose } from "../engine/fixtures/expect-close.ts";

beforeAll(async () => void (await loadRuntime()));

const scope = { name: "teacher", group: "main", seed: 3 };
const feature = (name: string, kind: Feature["kind"], more: Partial<Feature> = {}): Feature => ({
  name,
  key: `user/${name}`,
  kind,
  vocabularySize: 5,
  width: 1,
  ...more,
});
const options = { dimensions: { default: 2, big: 3 } };

describe("encoder", () => {
  it("makes one table a feature of ids; shared ones stand under their owner", () => {
    const features = [
      feature("a", "ids"),
      feature("big", "multi"),
      feature("n", "numbers"),
      feature("b", "ids", { shareWith: "a" }),
    ];
    const tables = encoder(scope, features, { ...options, deviation: 0.1, tableUpdate: "dense" });
    expect(Object.keys(tables)).toEqual(["a", "big"]);
    expect(tables.a).toEqual({
      kind: "table",
      name: "teacher/embedding/a",
      rows: 5,
      width: 2,
      initialiser: { kind: "normal", deviation: 0.1, seed: 3 },
      group: "main",
      update: "dense",
    });
    expect(tables.big).toMatchObject({ width: 3 });
    expect(encodedWidth(features, options)).toBe(2 + 3 + 1 + 2);
    expect(embeddingWidth(features[3]!, options)).toBe(2);
  });

  it("takes tables made elsewhere", () => {
    const own = encoder(scope, [feature("a", "ids")], options);
    const other = encoder({ ...scope, name: "student" }, [feature("a", "ids")], { ...options, sharedTables: own });
    expect(other.a).toBe(own.a);
  });

  it.each([
    ["an unknown feature", feature("b", "ids", { shareWith: "c" }), "c"],
    ["a feature of another vocabulary", feature("b", "ids", { shareWith: "a", vocabularySize: 9 }), "a"],
  ])("refuses to share with %s", (_, sharing, owner) => {
    expect(() => encoder(scope, [feature("a", "ids"), sharing], options)).toThrow(
      `encoder: feature "b" must share the table of a feature of this model with the same vocabulary, got "${owner}"`,
    );
  });
});

/** A table whose row i is [i, 10 i], row 0 zeros. */
const table: TableValue = {
  name: "t",
  rows: 5,
  width: 2,
  readRows: (ids) => tf.mul(tf.expandDims(tf.cast(ids, "float32"), -1), tf.tensor1d([1, 10])),
};

describe("encodeEach", () => {
  const encoded = (given: Feature, values: tf.Tensor): tf.Tensor =>
    encodeEach({ a: table, b: table }, [given], { [given.key]: values })[0]!;

  it("looks up ids, also of lists", () => {
    const rows = encoded(feature("a", "ids"), tf.tensor2d([[1, 2, 3]], [1, 3], "int32"));
    expect(rows.arraySync()).toEqual([
      [
        [1, 10],
        [2, 20],
        [3, 30],
      ],
    ]);
  });

  it("averages the real ids of a multi-valued feature; none gives zeros", () => {
    const rows = encoded(
      feature("a", "multi"),
      tf.tensor2d(
        [
          [1, 4, 0],
          [0, 0, 0],
          [2, 2, 2],
        ],
        [3, 3],
        "int32",
      ),
    );
    expect(rows.shape).toEqual([3, 2]);
    expectClose(rows.dataSync(), [2.5, 25, 0, 0, 2, 20], { relative: 1e-6 });
  });

  it("gives numbers a last axis", () => {
    const one = feature("n", "numbers");
    expect(encoded(one, tf.tensor1d([1, 2])).shape).toEqual([2, 1]);
    expect(encoded(one, tf.tensor2d([[1], [2]])).shape).toEqual([2, 1]);
    expect(encoded({ ...one, width: 2 }, tf.tensor2d([[1, 5]])).arraySync()).toEqual([[1, 5]]);
  });

  it("reads a shared table under its owner's name", () => {
    const shared = feature("c", "ids", { shareWith: "b" });
    expect(encoded(shared, tf.tensor1d([2], "int32")).arraySync()).toEqual([[2, 20]]);
  });

  it("names the array that the batch lacks", () => {
    expect(() => encodeEach({ a: table }, [feature("a", "ids")], { "user/b": tf.zeros([1]) })).toThrow(
      'encode: batch must hold "user/a", got user/b',
    );
  });
});
