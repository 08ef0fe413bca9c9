import * as tf from "@tensorflow/tfjs";
import { beforeAll, describe, expect, it } from "vitest";
import type { NativeEngine } from "../../src/engine/native.ts";
import { createNoise, type Noise } from "../../src/engine/noise.ts";
import { createProgram } from "../../src/engine/program.ts";
import { random24, roundKeys } from "../../src/random.ts";
import { BACKENDS, onBackend } from "./fixtures/backends.ts";
import { expectClose } from "./fixtures/expect-close.ts";
import { nativeEngine } from "./fixtures/native.ts";

let native: NativeEngine;
beforeAll(async () => {
  native = await nativeEngine();
});

const STEP_KEYS = roundKeys(4, "step", "train", 9);
const draw = (body: (noise: Noise) => tf.Tensor): Float32Array =>
  tf.tidy(() =>
    body(createNoise(tf.tensor1d(Float32Array.from(STEP_KEYS, (key) => key / 4096)))).dataSync(),
  ) as Float32Array;

/** Number `counter` of a site, by random.ts alone. */
function expected24(site: string, counter: number): number {
  const shift = roundKeys(0, "site", site);
  return random24(
    STEP_KEYS.map((key, round) => (key + shift[round]!) & 4095),
    counter,
  );
}

describe.each(BACKENDS)("noise on %s", (backend) => {
  it("has the numbers of random.ts", async () => {
    const values = await onBackend(backend, () => draw((noise) => noise.uniform("site a", [50, 101])));
    expect(values).toEqual(Float32Array.from({ length: 5050 }, (_, i) => expected24("site a", i) / 2 ** 24));
  });

  it("drops what random.ts says", async () => {
    const mask = await onBackend(backend, () => draw((noise) => noise.dropoutMask("b", [7, 3], 0.3)));
    const pairs = Array.from({ length: 11 }, (_, i) => expected24("b", i));
    const draws = [...pairs.map((value) => (value >> 12) / 4096), ...pairs.map((value) => (value & 4095) / 4096)];
    expectClose(
      mask,
      draws.slice(0, 21).map((value) => (value >= 0.3 ? 1 / 0.7 : 0)),
      { relative: 1e-6 },
    );
  });
});

describe("noise", () => {
  it("is the same replayed", () => {
    const program = createProgram(
      {},
      {
        draw: {
          kind: "forward",
          forward: (_, batch, { noise }) => ({
            u: tf.mul(noise.uniform("a", [300]), batch.one!),
            mask: noise.dropoutMask("b", [99], 0.5),
          }),
        },
      },
      { native },
    );
    const eager = createProgram(
      {},
      {
        draw: {
          kind: "forward",
          forward: (_, batch, { noise }) => ({
            u: tf.mul(noise.uniform("a", [300]), batch.one!),
            mask: noise.dropoutMask("b", [99], 0.5),
          }),
        },
      },
    );
    const batch = { one: { data: Float32Array.of(1), shape: [1] } };
    expect(program.forward("draw", batch)).toEqual(eager.forward("draw", batch));
    program.close();
  });

  it("is uniform, and dropout keeps its rate and mean", () => {
    const size = 100_000;
    const u = draw((noise) => noise.uniform("u", [size]));
    expect(Math.abs(u.reduce((a, b) => a + b, 0) / size - 0.5)).toBeLessThan(0.004);
    for (const rate of [0.1, 0.5, 0.9]) {
      const mask = draw((noise) => noise.dropoutMask(`rate ${rate}`, [size], rate));
      const dropped = mask.filter((value) => value === 0).length / size;
      expect(Math.abs(dropped - rate)).toBeLessThan(0.006);
      expect(new Set(mask).size).toBe(2);
      expect(Math.max(...mask)).toBeCloseTo(1 / (1 - rate), 5);
    }
  });

  it("draws Gumbel numbers, finite at both ends", () => {
    const size = 100_000;
    const g = draw((noise) => noise.gumbel("g", [size]));
    expect(g.every(Number.isFinite)).toBe(true);
    const mean = g.reduce((a, b) => a + b, 0) / size;
    const variance = g.reduce((a, b) => a + (b - mean) ** 2, 0) / size;
    expect(mean).toBeCloseTo(0.5772, 1);
    expect(variance).toBeCloseTo(Math.PI ** 2 / 6, 1);
  });

  it("differs between sites and steps", () => {
    const [a, b] = ["a", "b"].map((site) => draw((noise) => noise.uniform(site, [2000])));
    const other = tf.tidy(() =>
      createNoise(tf.tensor1d(Float32Array.from(roundKeys(4, "step", "train", 10), (key) => key / 4096)))
        .uniform("a", [2000])
        .dataSync(),
    );
    for (const values of [b!, other]) {
      const equal = a!.filter((value, i) => value === values[i]).length;
      expect(equal).toBeLessThan(3);
      const product = a!.reduce((sum, value, i) => sum + (value - 0.5) * (values[i]! - 0.5), 0) / (2000 / 12);
      expect(Math.abs(product)).toBeLessThan(0.1);
    }
  });
});
