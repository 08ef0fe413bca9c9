// Commands that a signal ends, in processes of their own, and that are then gone on with.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeOffline } from "../run/offline-setting.ts";
import { writeSmallCascade } from "../run/small-cascade.ts";
import { writeSmallRun } from "../run/small-run.ts";
import { folderContents } from "./folder-contents.ts";

const tsx = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
/** Moments at which each command is killed. */
const MOMENTS = 5;
let folder: string;
const at = (...names: readonly string[]): string => join(folder, ...names);

function start(args: readonly string[]): ChildProcess {
  // A group of its own, so that an ablation's runs end with it.
  return spawn(process.execPath, ["--import", tsx, main, ...args], {
    stdio: ["ignore", "ignore", "pipe"],
    detached: true,
  });
}

async function end(child: ChildProcess): Promise<{ readonly code: number | null; readonly said: string }> {
  let said = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const code = await new Promise<number | null>((resolve) => child.once("close", (value) => resolve(value)));
  return { code, said };
}

async function finish(args: readonly string[]): Promise<number> {
  const started = performance.now();
  const { code, said } = await end(start(args));
  expect(code, said).toBe(0);
  return performance.now() - started;
}

/** Kills a command and its children after a while; sooner, where it was quicker than that. @returns its folder. */
async function killedAfter(args: readonly string[], out: string, milliseconds: number): Promise<string> {
  const child = start([...args, "--out", out]);
  const killing = setTimeout(() => process.kill(-child.pid!, "SIGKILL"), milliseconds);
  child.once("exit", () => clearTimeout(killing));
  await end(child);
  mkdirSync(out, { recursive: true });
  return child.signalCode === "SIGKILL" ? out : killedAfter(args, `${out}-again`, milliseconds * 0.85);
}

/** Each command with its folder left out. */
const COMMANDS: Readonly<Record<string, () => readonly string[]>> = {
  train: () => [
    "train",
    "--config",
    at("train/run.yaml"),
    "--set",
    "train.epochs=4",
    "--set",
    "train.checkpointEvery=3",
  ],
  score: () => [
    "score",
    "--config",
    at("offline/student.yaml"),
    "--teacher",
    at("offline/teacher"),
    "--data",
    "train",
    "--set",
    "score.rowsPerShard=8",
  ],
  distill: () => ["distill", "--config", at("offline/distill.yaml"), "--set", "train.epochs=6"],
  cascade: () => ["cascade", "--config", at("cascade/cascade.yaml"), "--set", "rounds=1"],
  ablate: () => ["ablate", "--config", at("train/ablation.yaml")],
};
const NAMES = Object.keys(COMMANDS);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "twinstill-kill-"));
  writeSmallRun(at("train"));
  writeFileSync(
    at("train/ablation.yaml"),
    "base: run.yaml\nset: { train.epochs: 1 }\nvariants: { warm: { distill.0.temperature: 3 } }\nseeds: [1]\nmetrics: [student/recall@5]\nfeatures: { permute: [age], repeats: 1 }\n",
  );
  writeOffline(at("offline"));
  await finish(["train", "--config", at("offline/teacher.yaml"), "--out", at("offline/teacher")]);
  await writeSmallCascade(at("cascade"));
  await finish([...COMMANDS.score!(), "--out", at("offline/store")]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(NAMES)("%s, killed", (name) => {
  it(`at ${MOMENTS} moments by SIGKILL, goes on to the same bits`, async () => {
    const args = COMMANDS[name]!();
    const whole = at(`${name}-whole`);
    const milliseconds = await finish([...args, "--out", whole]);
    for (let i = 0; i < MOMENTS; i++) {
      // The first half of the time goes to starting and reading.
      const share = 0.4 + (0.5 * i) / (MOMENTS - 1);
      const out = await killedAfter(args, at(`${name}-${i}`), milliseconds * share);
      await finish([...args, "--out", out, ...(name === "ablate" ? [] : ["--resume"])]);
      expect(folderContents(out), `${name}, killed after ${share} of its time`).toEqual(folderContents(whole));
    }
  });
});

describe.each(["SIGINT", "SIGTERM"] as const)("%s", (signal) => {
  it("ends with a checkpoint and its exit code, and is gone on from to the same bits", async () => {
    const args = COMMANDS.train!();
    const [out, whole] = [at(`train-${signal}`), at("train-whole")];
    const child = start([...args, "--set", "train.epochs=4", "--out", out]);
    const over = end(child);
    await new Promise<void>((resolve) => {
      child.stderr!.on("data", (text: Buffer) => {
        if (text.toString().includes("initial weights")) resolve();
      });
      child.once("close", () => resolve());
    });
    child.kill(signal);
    const { code, said } = await over;
    expect(code, said).toBe(signal === "SIGINT" ? 130 : 143);
    expect(said).toContain(`stopped by ${signal} after step`);
    expect(Object.keys(folderContents(out))).toContain("checkpoints/latest");
    await finish([...args, "--set", "train.epochs=4", "--out", out, "--resume"]);
    const { "config.resolved.json": _, ...same } = folderContents(whole);
    expect(folderContents(out)).toMatchObject(same);
  });
});
