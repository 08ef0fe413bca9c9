import * as tf from "@tensorflow/tfjs";
import { beforeAll, describe, expect, it } from "vitest";
import { createProgram } from "../../src/engine/program.ts";
import type { Feature } from "../../src/nn/features.ts";
import { loadRuntime } from "../../src/runtime/index.ts";
import { type DssmConfig, dssm } from "../../src/student/dssm.ts";
import { matrixOf, mlp } from "../oracle/models.ts";

const ids = (name: string, key: string, vocabularySize: number): Feature => ({
  name,
  key,
  kind: "ids",
  vocabularySize,
  width: 1,
});
const CONFIG: DssmConfig = {
  userFeatures: [ids("user", "user/user", 6)],
  itemFeatures: [ids("item", "item/item", 5), ids("topic", "item/topic", 4)],
  dimensions: { default: 3 },
  userUnits: [4, 2],
  itemUnits: [2],
  inputDropout: 0.5,
  normalise: true,
  scale: 8,
  bias: -1,
};
const USERS = { "user/user": { data: Int32Array.of(2, 3), shape: [2] } };
const ITEMS = {
  "item/item": { data: Int32Array.of(4, 1), shape: [2] },
  "item/topic": { data: Int32Array.of(2, 3), shape: [2] },
};
const LISTS = {
  "item/item": { data: Int32Array.of(4, 1, 2, 3), shape: [2, 2] },
  "item/topic": { data: Int32Array.of(2, 3, 1, 1), shape: [2, 2] },
};

beforeAll(async () => void (await loadRuntime()));

function scored(config = CONFIG) {
  const model = dssm({ name: "student", group: "student", seed: 2 }, config);
  return createProgram(model.parameters, {
    users: { kind: "forward", forward: (values, batch) => ({ vectors: model.userTower(values, batch) }) },
    items: { kind: "forward", forward: (values, batch) => ({ vectors: model.itemTower(values, batch) }) },
    pairs: {
      kind: "forward",
      forward: (values, batch) => ({
        logits: model.score(values, model.userTower(values, batch), model.itemTower(values, batch)),
      }),
    },
    all: {
      kind: "forward",
      forward: (values, batch) => ({
        logits: model.scoreAll(values, model.userTower(values, batch), model.itemTower(values, batch)),
      }),
    },
  });
}

describe("dssm", () => {
  it("equals the float64 model, each tower on its own features alone", () => {
    const program = scored();
    const read = (name: string, columns: number): number[][] => matrixOf(program.read(`student/${name}`), columns);
    const unit = (x: readonly number[]): number[] => x.map((value) => value / Math.hypot(...x));
    const users = [2, 3].map((id) =>
      unit(
        mlp(read("user/embedding/user", 3)[id]!, [
          { kernel: read("user/0/kernel", 4), bias: [0, 0, 0, 0] },
          { kernel: read("user/1/kernel", 2), bias: [0, 0] },
        ]),
      ),
    );
    const items = [
      [4, 2],
      [1, 3],
    ].map(([item, topic]) =>
      unit(
        mlp(
          [...read("item/embedding/item", 3)[item!]!, ...read("item/embedding/topic", 3)[topic!]!],
          [{ kernel: read("item/0/kernel", 2), bias: [0, 0] }],
        ),
      ),
    );
    const close = (got: ArrayLike<number>, want: readonly number[]): void =>
      want.forEach((value, i) => {
        expect(got[i]).toBeCloseTo(value, 5);
      });
    close(program.forward("users", USERS).vectors!.data, users.flat());
    close(program.forward("items", ITEMS).vectors!.data, items.flat());
    const dot = (a: readonly number[], b: readonly number[]): number =>
      a.reduce((sum, value, d) => sum + value * b[d]!, 0);
    close(
      program.forward("pairs", { ...USERS, ...ITEMS }).logits!.data,
      users.map((user, i) => 8 * dot(user, items[i]!) - 1),
    );
    const all = program.forward("all", { ...USERS, ...ITEMS }).logits!;
    expect(all.shape).toEqual([2, 2]);
    close(
      all.data,
      users.flatMap((user) => items.map((item) => 8 * dot(user, item) - 1)),
    );
    program.close();
  });

  it("scores each user with its own list of candidates", () => {
    const program = scored();
    const lists = program.forward("pairs", { ...USERS, ...LISTS }).logits!;
    expect(lists.shape).toEqual([2, 2]);
    const second = program.forward("pairs", {
      "user/user": { data: Int32Array.of(2, 3), shape: [2] },
      "item/item": { data: Int32Array.of(1, 3), shape: [2] },
      "item/topic": { data: Int32Array.of(3, 1), shape: [2] },
    }).logits!;
    expect([lists.data[1], lists.data[3]]).toEqual([
      expect.closeTo(second.data[0]!, 5),
      expect.closeTo(second.data[1]!, 5),
    ]);
    program.close();
  });

  it("keeps lengths where vectors are not normalised, and logits within the scale where they are", () => {
    const plain = scored({ ...CONFIG, normalise: false });
    const [x, y] = plain.forward("users", USERS).vectors!.data;
    expect(Math.hypot(x!, y!)).not.toBeCloseTo(1, 2);
    plain.close();
    const cosine = scored();
    for (const logit of cosine.forward("all", { ...USERS, ...ITEMS }).logits!.data)
      expect(Math.abs(logit + 1)).toBeLessThanOrEqual(8 + 1e-4);
    cosine.close();
    expect(tf.memory().numTensors).toBe(0);
  });
});
