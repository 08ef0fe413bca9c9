// 20,000 steps of every kind of run, on the native runtime: tensors stay as many, and memory as large.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { NativeEngine } from "../../src/engine/native.ts";
import { finishScore, writeOffline } from "../run/offline-setting.ts";
import { finishCascade, writeSmallCascade } from "../run/small-cascade.ts";
import { finishRun, nativeEngine, writeSmallRun } from "../run/small-run.ts";

const STEPS = 20_000;
const WARM_UP = 5_000;
const EVERY = 250;
let native: NativeEngine | undefined;
let folder: string;
beforeAll(async () => {
  native = await nativeEngine();
  folder = mkdtempSync(join(tmpdir(), "twinstill-memory-"));
  writeSmallRun(join(folder, "train"));
  writeOffline(join(folder, "offline"));
  await writeSmallCascade(join(folder, "cascade"));
  await finishRun(join(folder, "offline/teacher.yaml"), join(folder, "offline/teacher"), { native });
  await finishScore(join(folder, "offline"), { native });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Counts steps, and looks at tensors and memory every so often. */
function watch() {
  const samples: { readonly step: number; readonly tensors: number; readonly megabytes: number }[] = [];
  let step = 0;
  const onNotice = ({ kind }: { readonly kind: string }): void => {
    if (kind !== "step" || ++step % EVERY !== 0) return;
    globalThis.gc?.();
    const tensors = tf.memory().numTensors + (native?.backend.binding.getNumOfTensors() ?? 0);
    samples.push({ step, tensors, megabytes: process.memoryUsage().rss / 2 ** 20 });
  };
  const median = (from: number, to: number): number => {
    const values = samples.filter((s) => s.step > from && s.step <= to).map(({ megabytes }) => megabytes);
    return values.sort((a, b) => a - b)[values.length >> 1]!;
  };
  const verify = (): void => {
    expect(step).toBeGreaterThanOrEqual(STEPS);
    const warm = samples.filter((sample) => sample.step > WARM_UP && sample.step <= STEPS);
    expect(new Set(warm.map(({ tensors }) => tensors)).size).toBe(1);
    const growth = median(STEPS - 2_500, STEPS) / median(WARM_UP, WARM_UP + 2_500);
    console.log(
      `${expect.getState().currentTestName}: memory grew to ${growth.toFixed(4)} of ${median(WARM_UP, WARM_UP + 2_500).toFixed(0)} MB`,
    );
    expect(growth).toBeLessThan(1.05);
  };
  return { onNotice, verify };
}

const LONG = ["train.batchSize=4", "train.epochs=202", "train.logEvery=1000", "evaluate.every=1000"];

it("train: teacher and student together", async () => {
  const { onNotice, verify } = watch();
  await finishRun(join(folder, "train/run.yaml"), join(folder, "train/run"), { native, sets: LONG, onNotice });
  verify();
});

it("distill: a student on a store", async () => {
  const { onNotice, verify } = watch();
  const sets = [...LONG, "train.epochs=402"]; // 200 rows
  await finishRun(join(folder, "offline/distill.yaml"), join(folder, "offline/run"), { native, sets, onNotice });
  verify();
});

it("cascade: all stages on rows", async () => {
  const { onNotice, verify } = watch();
  const sets = ["spaces.exposed.batchSize=4", "warmUp.0.epochs=110", "rounds=1", "logEvery=1000"];
  await finishCascade(join(folder, "cascade/cascade.yaml"), join(folder, "cascade/run"), { native, sets, onNotice });
  verify();
});
