// Runs with state beside the models (rankings, a stream, a memory bank, stages) go on where they stopped.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { NativeEngine } from "../../src/engine/native.ts";
import type { RunNotice } from "../../src/run/execute-run.ts";
import { finishRun, nativeEngine, smallData } from "./small-run.ts";
import { distilled, labelled, withStudent, withTrain, writeConfig, type Yaml } from "./term-setting.ts";

let native: NativeEngine | undefined;
let folder: string;
beforeAll(async () => {
  native = await nativeEngine();
  folder = mkdtempSync(join(tmpdir(), "twinstill-resume-"));
  writeFileSync(join(folder, "data.csv"), smallData());
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function lossesOf(given: Yaml, out: string): Promise<number[]> {
  const losses: number[] = [];
  const onNotice = (notice: RunNotice): void => {
    if (notice.kind === "step") losses.push(notice.loss);
  };
  await finishRun(writeConfig(folder, given), join(folder, out), { native, onNotice });
  return losses;
}

describe("a resumed run equals one that was not interrupted", () => {
  /** The losses of all steps, with the run stopped in the middle of an epoch and gone on with. */
  async function resumed(given: Yaml, out: string): Promise<number[]> {
    const losses: number[] = [];
    const stop = new AbortController();
    const options = {
      native,
      onNotice: (notice: RunNotice): void => {
        if (notice.kind !== "step") return;
        losses.push(notice.loss);
        if (notice.step === 16) stop.abort();
      },
    };
    const config = writeConfig(folder, given);
    await finishRun(config, join(folder, out), { ...options, signal: stop.signal });
    expect(losses).toHaveLength(16);
    await finishRun(config, join(folder, out), { ...options, resume: true });
    return losses;
  }

  it.each<readonly [string, Yaml]>([
    [
      "negatives from the student's own ranking",
      labelled({ kind: "bpr" }, { negatives: { kind: "rank-window", count: 3, from: 2, to: 9, by: "student" } }),
    ],
    [
      "negatives by the teacher's ranks",
      distilled(
        { kind: "pairwise-logistic" },
        { negatives: { kind: "rank-aware", count: 3, ranks: 10, temperature: 0.3, by: "teacher" } },
      ),
    ],
    [
      "log q from the stream",
      labelled({ kind: "in-batch-softmax" }, { inBatch: { frequency: { kind: "streaming" } } }),
    ],
    [
      "a memory bank",
      labelled({ kind: "in-batch-softmax" }, { inBatch: { bank: { size: 80, after: 4 }, uniform: 3 } }),
    ],
    [
      "stages, balancing and learned weights",
      withTrain(
        withStudent(distilled({ kind: "list-mle", weight: { kind: "uncertainty" } }), {
          losses: [{ kind: "bpr", label: "good", stages: ["second"] }],
        }),
        {
          stages: [{ name: "first", until: { kind: "loss-plateau", window: 7, tolerance: 1 } }, { name: "second" }],
          balance: { every: 3 },
        },
      ),
    ],
  ])("with %s", async (what, given) => {
    const name = what.replaceAll(/\W/g, "-");
    const whole = await lossesOf(given, `${name}-whole`);
    expect(whole.length).toBeGreaterThan(20);
    expect(await resumed(given, `${name}-resumed`)).toEqual(whole);
  });
});
