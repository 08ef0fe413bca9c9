import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { NativeEngine } from "../../src/engine/native.ts";
import { ConfigError, DataError } from "../../src/errors.ts";
import { readSafetensors } from "../../src/run/formats/safetensors-read.ts";
import { openRun } from "../../src/run/open-run.ts";
import { finishRun, nativeEngine, smallData, writeSmallRun } from "./small-run.ts";

let native: NativeEngine | undefined;
let folder: string;
let config: string;

beforeAll(async () => {
  native = await nativeEngine();
  folder = mkdtempSync(join(tmpdir(), "twinstill-run-"));
  config = writeSmallRun(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const out = (name: string): string => join(folder, name);
const lastCheckpoint = (run: string): string =>
  join(run, "checkpoints", readFileSync(join(run, "checkpoints", "latest"), "utf8").trim());
const bytes = (run: string, file: string): Buffer => readFileSync(join(lastCheckpoint(run), file));
/** Every logged number but the times. */
const numbers = (run: string): unknown[] =>
  logged(run)
    .filter((line) => !("startUp/firstStep" in line))
    .map((line) => ({ ...line, rowsPerSecond: 0, dataWaitShare: 0 }));
const logged = (run: string): Record<string, number>[] =>
  readFileSync(join(run, "metrics.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

describe("executeRun", () => {
  it("leaves a folder with configuration, checkpoints, logs and results", async () => {
    const result = await finishRun(config, out("whole"), { native });
    expect(result.reason).toBe("done");
    expect(Object.keys(result.test!)).toEqual(["teacher", "student"]);
    expect(result.test!.student!["recall@5"]).toBeGreaterThan(0.3);
    expect(result.test!.student!["ctr/auc"]).toBeGreaterThan(0.5);
    expect(readdirSync(out("whole")).sort()).toEqual([
      "checkpoints",
      "config.resolved.json",
      "data.json",
      "encoding.json",
      "env.json",
      "eval",
      "metrics.jsonl",
      "result.json",
      "tb",
      "trained.json",
    ]);
    const start = logged(out("whole")).find((line) => "startUp/firstStep" in line)!;
    expect(start.step).toBe(1);
    expect(start["startUp/capture"]).toBeGreaterThan(0);
    expect(start["startUp/firstStep"]).toBeGreaterThan(start["startUp/data"]! + start["startUp/capture"]!);
    const waits = logged(out("whole")).filter((line) => "loss/total" in line);
    for (const { dataWaitShare } of waits) expect(dataWaitShare).toBeLessThan(1);
    const stored = await readSafetensors(join(lastCheckpoint(out("whole")), "model.safetensors"));
    expect([...stored.tensors.keys()].filter((name) => name.startsWith("student/")).sort()).toEqual([
      "student/bias",
      "student/item/0/bias",
      "student/item/0/kernel",
      "student/item/embedding/item",
      "student/item/embedding/topic",
      "student/logScale",
      "student/user/0/bias",
      "student/user/0/kernel",
      "student/user/embedding/age",
      "student/user/embedding/user",
    ]);
    const first = numbers(out("whole"))[0] as Record<string, number>;
    expect(Object.keys(first)).toEqual(
      expect.arrayContaining([
        "step",
        "loss/total",
        "loss/teacher/ctr",
        "loss/teacher/ctcvr",
        "loss/distill/kd",
        "rate/teacher",
        "rate/student",
      ]),
    );
    expect(first["loss/total"]).toBeCloseTo(
      first["loss/teacher/ctr"]! + first["loss/teacher/ctcvr"]! + first["loss/distill/kd"]!,
      5,
    );
  });

  it("gives the same bits for the same seed, and others for another", async () => {
    await finishRun(config, out("again"), { native });
    await finishRun(config, out("other"), { native, sets: ["seed=4"] });
    expect(bytes(out("again"), "model.safetensors")).toEqual(bytes(out("whole"), "model.safetensors"));
    expect(bytes(out("again"), "optimizer.safetensors")).toEqual(bytes(out("whole"), "optimizer.safetensors"));
    expect(bytes(out("other"), "model.safetensors")).not.toEqual(bytes(out("whole"), "model.safetensors"));
  });

  it("gives the same bits for any number of workers", async () => {
    await finishRun(config, out("workers"), { native, sets: ["train.workers=2"] });
    expect(bytes(out("workers"), "model.safetensors")).toEqual(bytes(out("whole"), "model.safetensors"));
  });

  it.each([1, 9, 14])("stopped after step %i and resumed, equals the unbroken run bit for bit", async (stopStep) => {
    const name = out(`stopped-${stopStep}`);
    const stop = new AbortController();
    const stopped = await finishRun(config, name, {
      native,
      signal: stop.signal,
      onNotice: (notice) => {
        if (notice.kind === "step" && notice.step === stopStep) stop.abort();
      },
    });
    expect(stopped).toMatchObject({ reason: "interrupted", steps: stopStep, test: undefined });
    const resumed = await finishRun(config, name, { native, resume: true });
    expect(bytes(name, "model.safetensors")).toEqual(bytes(out("whole"), "model.safetensors"));
    expect(bytes(name, "optimizer.safetensors")).toEqual(bytes(out("whole"), "optimizer.safetensors"));
    expect(numbers(name)).toEqual(numbers(out("whole")));
    expect(resumed.test).toEqual(JSON.parse(readFileSync(join(out("whole"), "result.json"), "utf8")).test);
  });

  it("trains nearly the same op by op as replayed", async () => {
    await finishRun(config, out("eager"), {});
    const [eager, replayed] = [numbers(out("eager")), numbers(out("whole"))] as Record<string, number>[][];
    for (const [i, line] of eager!.entries()) {
      if ("loss/total" in line) expect(line["loss/total"]).toBeCloseTo(replayed![i]!["loss/total"]!, 3);
    }
  });

  it("keeps the best checkpoint by the monitored metric and stops by patience", async () => {
    const monitor = "evaluate.monitor={ metric: ctcvr/auc }";
    const result = await finishRun(config, out("patience"), {
      native,
      sets: [monitor, "train.patience=2", "train.epochs=40", "train.student.rate=0.2", "train.teacher.rate=0.2"],
    });
    expect(result.reason).toBe("patience");
    const lines = numbers(out("patience")) as Record<string, number>[];
    const values = lines.flatMap((line) =>
      line["val/student/ctcvr/auc"] === undefined ? [] : [[line.step!, line["val/student/ctcvr/auc"]] as const],
    );
    const [bestStep] = values.reduce((best, value) => (value[1] > best[1] ? value : best));
    const best = readFileSync(join(out("patience"), "checkpoints", "best"), "utf8").trim();
    expect(best).toBe(`step-${String(bestStep).padStart(8, "0")}`);
    expect(values.at(-1)![0]).toBe(result.steps);
    expect(readdirSync(join(out("patience"), "checkpoints")).filter((name) => name.startsWith("step-"))).toHaveLength(
      2,
    );
    const opened = await openRun(out("patience"), { native });
    expect(opened.checkpoint).toContain(best);
    opened.program.close();
  });

  it("stops at a loss that is not finite, names step and term, and keeps the last good checkpoint", async () => {
    const run = finishRun(config, out("nan"), { native, sets: ["train.student.rate=1e30", "train.epochs=30"] });
    await expect(run).rejects.toThrow(DataError);
    await expect(run).rejects.toThrow(
      /^train: loss must be finite, got (NaN|Infinity) at step \d+ in distill\/kd = (NaN|Infinity)/,
    );
    if (existsSync(join(out("nan"), "checkpoints", "latest"))) {
      const { tensors } = await readSafetensors(join(lastCheckpoint(out("nan")), "model.safetensors"));
      for (const values of tensors.values()) expect(values.every(Number.isFinite)).toBe(true);
    }
  });
});

describe("a run folder", () => {
  it("is not given to another run", async () => {
    const before = bytes(out("whole"), "model.safetensors");
    await expect(finishRun(config, out("whole"), { native })).rejects.toThrow(
      `--out ${out("whole")}: folder must be new, got one that holds a run; add --resume to go on with it, or name another folder`,
    );
    expect(bytes(out("whole"), "model.safetensors")).toEqual(before);
  });

  it("is not made in a folder with other files", async () => {
    await expect(finishRun(config, folder, { native })).rejects.toThrow(
      /folder must be new, got one that holds \d+ files/,
    );
  });

  it("is resumed only with its own settings", async () => {
    await expect(finishRun(config, out("whole"), { native, resume: true, sets: ["train.epochs=5"] })).rejects.toThrow(
      `--resume ${out("whole")}: configuration must be the run's own, got run.train.epochs = 5 where the run has 3`,
    );
  });

  it("is resumed only with its own data", async () => {
    const changed = writeSmallRun(out("changed"), { data: smallData().replace(/(u3,.*),5\n/, "$1,4\n") });
    const stop = new AbortController();
    await finishRun(changed, out("changed/run"), {
      native,
      signal: stop.signal,
      onNotice: (notice) => notice.kind === "step" && stop.abort(),
    });
    writeFileSync(join(out("changed"), "data.csv"), smallData());
    await expect(finishRun(changed, out("changed/run"), { native, resume: true })).rejects.toThrow(
      /checkpoint must be of the same data, got fingerprint/,
    );
  });

  it("is opened only where it holds a run with a checkpoint", async () => {
    await expect(openRun(out("nothing"), { native })).rejects.toThrow(ConfigError);
    await expect(openRun(out("nothing"), { native })).rejects.toThrow(
      "folder must hold a run, got no config.resolved.json in it",
    );
  });

  it("says which tensor of a checkpoint does not fit", async () => {
    const path = join(out("again"), "config.resolved.json");
    const stored = JSON.parse(readFileSync(path, "utf8"));
    stored.config.run.student.userUnits = [6];
    stored.config.run.student.itemUnits = [6];
    writeFileSync(path, JSON.stringify(stored));
    await expect(openRun(out("again"), { native })).rejects.toThrow(
      /model.safetensors: checkpoint must fit the configuration: "student\/user\/0\/kernel" must have shape \[8,6\], got \[8,4\]/,
    );
  });
});
