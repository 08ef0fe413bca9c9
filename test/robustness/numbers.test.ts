// Numbers that are none are found where they arise; equal seeds give equal curves, now and in later versions.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { finishRun, nativeEngine, smallData, writeSmallRun } from "../run/small-run.ts";
import { folderContents } from "./folder-contents.ts";
import { prepareJobs, type TinyJob } from "./jobs.ts";
import { times } from "./long-part.ts";

let folder: string;
let jobs: readonly TinyJob[];
beforeAll(async () => {
  await nativeEngine();
  folder = mkdtempSync(join(tmpdir(), "twinstill-numbers-"));
  jobs = await prepareJobs(folder, undefined);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Losses by step as they were when the test was written; `TWINSTILL_CURVES=1` prints those of today. */
const GOLDEN = new URL("../golden/curves.json", import.meta.url);

function curveOf(out: string): number[] {
  const lines = readFileSync(join(out, "metrics.jsonl"), "utf8").trim().split("\n");
  return lines.map((line) => JSON.parse(line) as Record<string, number>).flatMap((line) => line["loss/total"] ?? []);
}

describe.each(["train", "distill", "cascade"])("the curve of %s", (name) => {
  it("is the stored one within 1e-3, and the same bits each time", async () => {
    const job = jobs.find((candidate) => candidate.name === name)!;
    const runs = Array.from({ length: times({ quick: 1, long: 3 }) }, (_, i) => join(folder, `${name}-curve-${i}`));
    for (const out of runs) await job.run(out);
    const [first, ...others] = runs.map(folderContents);
    for (const other of others) expect(other).toEqual(first);
    const curve = curveOf(runs[0]!);
    if (process.env.TWINSTILL_CURVES) console.log(JSON.stringify({ [name]: curve }));
    const golden = (JSON.parse(readFileSync(GOLDEN, "utf8")) as Record<string, number[]>)[name]!;
    expect(curve).toHaveLength(golden.length);
    for (const [i, loss] of curve.entries()) expect(Math.abs(loss - golden[i]!), `step ${i + 1}`).toBeLessThan(1e-3);
  });
});

describe("a number that is none", () => {
  const run = (name: string, sets: readonly string[], data = smallData()) =>
    finishRun(writeSmallRun(join(folder, name), { data }), join(folder, name, "run"), { sets });

  it.each(["NaN", "Infinity", "1e999"])("%s in the data is named with its line, and nothing is left", async (text) => {
    const lines = smallData().split("\n");
    lines[7] = lines[7]!.replace(/[^,]*$/, text);
    await expect(run(`data-${text}`, [], lines.join("\n"))).rejects.toThrow(
      /data\.csv line 8: column "rating" must hold finite numbers, got /,
    );
    expect(readdirSync(join(folder, `data-${text}`, "run"))).toEqual([]);
  });

  it("in a step is named with step and term; the checkpoint before stays, and holds none", async () => {
    // The first step's moves are too large for float32: its own loss is finite.
    const sets = [
      "train.checkpointEvery=1",
      "train.student={ rate: 1.0e+38, dense: { kind: sgd }, table: { kind: sgd } }",
    ];
    const failed = run("step", sets);
    await expect(failed).rejects.toThrow(
      /(values of "student\/[^"]*" must be finite, got (NaN|-?Infinity)|loss must be finite, got (NaN|Infinity) at step \d+ in distill\/kd)/,
    );
    const left = readdirSync(join(folder, "step", "run", "checkpoints"));
    expect(left.filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });
});
