import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeBatch } from "../../src/data/make-batch.ts";
import type { OwnLoss } from "../../src/distill/terms/own-loss.ts";
import type { NativeEngine } from "../../src/engine/native.ts";
import { createProgram } from "../../src/engine/program.ts";
import { batchSpecOf } from "../../src/run/batch-spec.ts";
import { readRunConfig } from "../../src/run/config/run-config.ts";
import type { RunNotice } from "../../src/run/execute-run.ts";
import { buildModels } from "../../src/run/models.ts";
import { ratesOf } from "../../src/run/optimisers.ts";
import { openRunData } from "../../src/run/starting-point.ts";
import { buildEntries } from "../../src/run/steps.ts";
import { termInputs } from "../../src/run/term-inputs.ts";
import { finishRun, nativeEngine, smallData } from "./small-run.ts";
import { distilled, withTrain, writeConfig, type Yaml } from "./term-setting.ts";

let native: NativeEngine | undefined;
let folder: string;
beforeAll(async () => {
  native = await nativeEngine();
  folder = mkdtempSync(join(tmpdir(), "twinstill-own-"));
  writeFileSync(join(folder, "data.csv"), smallData());
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Huber's loss of the gap: quadratic up to `knee`, then linear. */
const huber: OwnLoss = (student, teacher, { options }) => {
  const knee = Number(options.knee);
  const gap = tf.abs(tf.sub(student, teacher));
  const inner = tf.minimum(gap, knee);
  return tf.sub(tf.mul(gap, inner), tf.div(tf.square(inner), 2));
};

/** Squared error of the centred lists: [B]. */
const centred: OwnLoss = (student, teacher, { mask }) => {
  const centre = (x: tf.Tensor): tf.Tensor =>
    tf.sub(x, tf.div(tf.sum(tf.mul(x, mask!), 1, true), tf.sum(mask!, 1, true)));
  return tf.sum(tf.mul(tf.squaredDifference(centre(student), centre(teacher)), mask!), 1);
};

/** The library's logit-mse, written again. */
const squared: OwnLoss = (student, teacher) => tf.square(tf.sub(student, teacher));

const losses = { huber, centred, squared };
const own = (loss: string, changed: Yaml = {}): Yaml => distilled({ kind: "own", loss, ...changed });

async function lossesOf(given: Yaml, out: string): Promise<number[]> {
  const values: number[] = [];
  const onNotice = (notice: RunNotice): void => {
    if (notice.kind === "step") values.push(notice.loss);
  };
  await finishRun(writeConfig(folder, given), join(folder, out), { native, losses, onNotice });
  return values;
}

describe("a loss of one's own", () => {
  it("is reached from YAML by its name, and trains as the library's does", async () => {
    const ours = await lossesOf(own("squared", { weight: 0.5, space: "sampled" }), "squared");
    const library = await lossesOf(distilled({ kind: "logit-mse", weight: 0.5, space: "sampled" }), "logit-mse");
    expect(ours).toEqual(library);
    expect(ours.at(-1)).toBeLessThan(ours[0]!);
  });

  it.each([
    ["huber", { options: { knee: 0.5 } }],
    ["centred", {}],
  ])("%s is captured, and replayed as it runs eagerly", async (loss, changed) => {
    // Plain descent: Adam would blow up the rounding of a gradient of 0, that of the offset, which "centred" takes off.
    const given = withTrain(own(loss, changed), { student: { rate: 0.1, dense: { kind: "sgd" } } });
    const resolved = readRunConfig(writeConfig(folder, given));
    const { config } = resolved;
    const { dataset } = await openRunData(resolved);
    const models = buildModels(config, dataset);
    const runs = [true, false].map((eager) => {
      const program = createProgram(models.parameters, buildEntries(config, models, { losses }), { native, eager });
      const spec = batchSpecOf(config, dataset);
      const values = Array.from({ length: 6 }, (_, index) => {
        const call = { rates: ratesOf(config, 0), inputs: termInputs(config, { step: index }) };
        return program.train("train", { batch: makeBatch(dataset, spec, 0, index), ...call }).loss;
      });
      const weights = program.variables.flatMap(({ name }) => [...program.read(name)]);
      const { executor } = program;
      program.close();
      return { values, weights, executor };
    });
    const [eager, replay] = runs as [(typeof runs)[0], (typeof runs)[0]];
    expect([eager.executor, replay.executor]).toEqual(["eager", native === undefined ? "eager" : "replay"]);
    replay.values.forEach((value, i) => {
      expect(value).toBeCloseTo(eager.values[i]!, 5);
    });
    replay.weights.forEach((value, i) => {
      expect(value).toBeCloseTo(eager.weights[i]!, 4);
    });
  });

  it("that the program does not give is an error, with the nearest name", async () => {
    const run = (given: typeof losses | undefined) =>
      finishRun(writeConfig(folder, own("hubre")), join(folder, "missing"), {
        native,
        ...(given && { losses: given }),
      });
    await expect(run(losses)).rejects.toThrow(
      'distill "term": loss must be among those that the program gives to executeRun (huber, centred, squared), got "hubre"; did you mean "huber"?',
    );
    await expect(run(undefined)).rejects.toThrow('(none), got "hubre"');
  });

  it("of a wrong shape is an error that names both shapes", async () => {
    const wrong: OwnLoss = (student) => tf.sum(student, 0);
    const run = finishRun(writeConfig(folder, own("wrong")), join(folder, "wrong"), { native, losses: { wrong } });
    await expect(run).rejects.toThrow("weightedMean: losses and weights must have one shape, got [8] and [32]");
  });
});
