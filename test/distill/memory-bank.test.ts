import * as tf from "@tensorflow/tfjs";
import { beforeAll, describe, expect, it } from "vitest";
import { BANK_GROUP, bankKnown, bankUpdate, memoryBank, readBank } from "../../src/distill/negatives/memory-bank.ts";
import type { NativeEngine } from "../../src/engine/native.ts";
import { createProgram } from "../../src/engine/program.ts";
import { nativeEngine } from "../run/small-run.ts";

let native: NativeEngine | undefined;
beforeAll(async () => {
  native = await nativeEngine();
}, 60_000);

/** A program whose step does nothing but move a bank of 5 places on. */
function bankProgram(eager: boolean) {
  return createProgram(
    { bank: memoryBank("bank", 5, 2) },
    {
      train: {
        kind: "train",
        optimisers: { [BANK_GROUP]: { dense: { kind: "sgd" }, table: { kind: "sgd" } } },
        step: ({ bank }, { vectors, logQ, itemIndex, mask }) => ({
          loss: bankUpdate(bank as tf.Tensor, {
            vectors: vectors!,
            logQ: logQ!,
            itemIndex: itemIndex!,
            mask: mask!,
          }),
          parts: {},
        }),
      },
    },
    { native, eager },
  );
}

const batch = (from: number, mask = [1, 1]) => ({
  vectors: { shape: [2, 2], data: Float32Array.of(from, -from, from + 0.5, 0.1) },
  logQ: { shape: [2], data: Float32Array.of(-1.5, -2.25) },
  itemIndex: { shape: [2], data: Int32Array.of(from, 1_000_000 + from) },
  mask: { shape: [2], data: Float32Array.from(mask) },
});

describe("a memory bank", () => {
  it.each([true, false])("keeps the newest rows first and forgets the oldest (eager: %s)", (eager) => {
    const program = bankProgram(eager);
    const rates = { [BANK_GROUP]: { dense: 1 } };
    for (const from of [1, 2, 3]) {
      const { loss } = program.train("train", { batch: batch(from, from === 2 ? [1, 0] : [1, 1]), rates });
      expect(loss).toBe(0);
    }
    const rows = Array.from({ length: 5 }, (_, i) => [...program.read("bank").slice(i * 5, i * 5 + 5)]);
    const exactly = (numbers: readonly number[]): number[] => numbers.map(Math.fround);
    expect(rows).toEqual([
      exactly([3, -3, -1.5, 3, 1]),
      exactly([3.5, 0.1, -2.25, 1_000_003, 1]),
      exactly([2, -2, -1.5, 2, 1]),
      exactly([2.5, 0.1, -2.25, 1_000_002, 0]),
      exactly([1, -1, -1.5, 1, 1]),
    ]);
    program.close();
  });

  it("takes the first rows of a batch that is longer than itself", () => {
    const given = tf.zeros([1, 5]) as tf.Tensor2D;
    const rows = {
      vectors: tf.tensor2d([1, 2, 3, 4], [2, 2]),
      logQ: tf.tensor1d([-1, -2]),
      itemIndex: tf.tensor1d([7, 8], "int32"),
      mask: tf.tensor1d([1, 1]),
    };
    const gradient = tf.grad((bank: tf.Tensor) => bankUpdate(bank, rows))(given);
    expect([...tf.sub(given, gradient).dataSync()]).toEqual([1, 2, -1, 7, 1]);
  });

  it("gives columns that no gradient flows into, empty while it is off, and marks the row's own item", () => {
    const bank = tf.tensor2d([1, 2, -0.5, 7, 1, 3, 4, -0.25, 9, 0], [2, 5]);
    const { vectors, logQ, itemIndex, filled } = readBank(bank);
    expect([vectors, logQ, itemIndex, filled].map((tensor) => [...tensor.dataSync()])).toEqual([
      [1, 2, 3, 4],
      [-0.5, -0.25],
      [7, 9],
      [1, 0],
    ]);
    expect([...readBank(bank, tf.scalar(0)).filled.dataSync()]).toEqual([0, 0]);
    expect([...bankKnown(tf.tensor1d([9, 7, 1], "int32"), { itemIndex }).dataSync()]).toEqual([0, 1, 1, 0, 0, 0]);
    const gradient = tf.grad((x: tf.Tensor) => tf.add(tf.sum(readBank(x).vectors), tf.mul(tf.sum(x), 0)))(bank);
    expect([...gradient.dataSync()].every((value) => value === 0)).toBe(true);
  });

  it("refuses sizes and rows that do not fit", () => {
    expect(() => memoryBank("bank", 0, 2)).toThrow("memoryBank: size must be a whole number >= 1, got 0");
    const rows = { vectors: tf.zeros([2, 3]), logQ: tf.zeros([2]), itemIndex: tf.zeros([2]), mask: tf.ones([2]) };
    expect(() => bankUpdate(tf.zeros([4, 5]), rows)).toThrow(
      "bankUpdate: vectors must be [B, D] with D = 2, got [2,3]",
    );
    expect(() => bankUpdate(tf.zeros([4, 6]), { ...rows, mask: tf.ones([3]) })).toThrow(
      "bankUpdate: mask must be [B] = [2], got [3]",
    );
  });
});
