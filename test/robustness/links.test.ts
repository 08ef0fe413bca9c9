// Folders as an enemy packs them: links, pipes and devices where files should be.
import { execFileSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { resolveSource } from "../../src/data/source-files.ts";
import { openStore, readShards } from "../../src/distill/scores/open-store.ts";
import { ConfigError, DataError } from "../../src/errors.ts";
import { readRunReport } from "../../src/report/read-run-report.ts";
import { openRun } from "../../src/run/open-run.ts";
import { runJob } from "../distill/scores/small-store.ts";
import { finishRun, nativeEngine, writeSmallRun } from "../run/small-run.ts";
import { folderContents } from "./folder-contents.ts";

let folder: string;
let config: string;
const at = (...names: readonly string[]): string => join(folder, ...names);
const SETS = ["train.epochs=2", "train.batchSize=200", "train.keepLast=9"];
const run = (out: string, options: { readonly resume?: boolean; readonly pauseAfter?: number } = {}) =>
  finishRun(config, out, { sets: SETS, ...options });
beforeAll(async () => {
  await nativeEngine();
  folder = mkdtempSync(join(tmpdir(), "twinstill-links-"));
  config = writeSmallRun(at("config"));
  await run(at("whole"));
  await run(at("paused"), { pauseAfter: 1 });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A copy of the paused run in which `name` lies elsewhere, behind a link. */
function runWithLink(name: string, copy: string): { readonly out: string; readonly elsewhere: string } {
  const [out, elsewhere] = [at(copy), at(`${copy}-elsewhere`)];
  cpSync(at("paused"), out, { recursive: true });
  renameSync(join(out, name), elsewhere);
  symlinkSync(elsewhere, join(out, name));
  return { out, elsewhere };
}

const bytesUnder = (path: string): readonly (readonly [string, string])[] =>
  readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((file) => [file, readFileSync(file, "hex")] as const);

describe("a link in a run folder", () => {
  it.each([
    "metrics.jsonl",
    "config.resolved.json",
    "checkpoints/latest",
    "checkpoints/step-00000002/model.safetensors",
    "checkpoints/step-00000002/state.json",
  ])("to a file outside is refused, and the file is untouched: %s", async (name) => {
    const { out, elsewhere } = runWithLink(name, name.replaceAll("/", "-"));
    const before = readFileSync(elsewhere);
    const resumed = run(out, { resume: true });
    await expect(resumed).rejects.toThrow(DataError);
    await expect(resumed).rejects.toThrow(`${join(out, name)}: file must lie in ${out}, got a link to ${elsewhere}`);
    expect(readFileSync(elsewhere).equals(before)).toBe(true);
  });

  it.each(["checkpoints", "tb", "eval"])(
    "to a folder outside is refused, and the folder is untouched: %s",
    async (name) => {
      const { out, elsewhere } = runWithLink(name, `folder-${name}`);
      const before = bytesUnder(elsewhere);
      await expect(run(out, { resume: true })).rejects.toThrow(
        `${join(out, name)}: file must lie in ${out}, got a link to ${elsewhere}`,
      );
      expect(bytesUnder(elsewhere)).toEqual(before);
    },
  );

  it("is refused by what reads runs, too", async () => {
    const { out } = runWithLink("checkpoints/step-00000002/model.safetensors", "opened");
    await expect(openRun(out)).rejects.toThrow("model.safetensors: file must lie in");
    const { out: reported } = runWithLink("data.json", "reported");
    await expect(readRunReport(reported)).rejects.toThrow("data.json: file must lie in");
  });

  it("to a place in it is followed, and the run folder itself may be a link", async () => {
    const { out } = runWithLink("checkpoints", "inner");
    rmSync(join(out, "checkpoints"));
    renameSync(at("inner-elsewhere"), join(out, "moved"));
    symlinkSync("moved", join(out, "checkpoints"));
    symlinkSync(out, at("inner-link"));
    await run(at("inner-link"), { resume: true });
    const { weights, whole } = { weights: "step-00000004/model.safetensors", whole: folderContents(at("whole")) };
    expect(folderContents(out)[`moved/${weights}`]).toBe(whole[`checkpoints/${weights}`]);
  });
});

describe("a link in a score store", () => {
  it.each(["manifest.json", "rows-00001.arrow"])("to a file outside is refused: %s", async (name) => {
    const store = at(`store-${name}`);
    await runJob(store);
    renameSync(join(store, name), at(`${name}-elsewhere`));
    symlinkSync(at(`${name}-elsewhere`), join(store, name));
    const readAll = async (): Promise<void> => {
      for await (const _ of readShards(await openStore(store), "rows"));
    };
    await expect(readAll()).rejects.toThrow(DataError);
    await expect(readAll()).rejects.toThrow(
      `${name}: file must lie in ${store}, got a link to ${at(`${name}-elsewhere`)}`,
    );
  });
});

describe("what is no file", () => {
  const source = (name: string) => resolveSource(name, { baseDir: folder, format: "auto" });

  it.runIf(process.platform === "linux")("is not waited for: a pipe in a run folder, a device as data", async () => {
    cpSync(at("paused"), at("pipe"), { recursive: true });
    rmSync(at("pipe/config.resolved.json"));
    execFileSync("mkfifo", [at("pipe/config.resolved.json")]);
    await expect(run(at("pipe"), { resume: true })).rejects.toThrow(
      "config.resolved.json: file must be there to read, got what is no file: a folder, pipe or device",
    );
    symlinkSync("/dev/zero", at("endless.csv"));
    await expect(source("endless.csv")).rejects.toThrow(/endless\.csv: the file must exist/);
    mkdirSync(at("devices"));
    symlinkSync("/dev/zero", at("devices/endless.csv"));
    await expect(source("devices")).rejects.toThrow("devices: the folder must hold data files, got none");
    await expect(source("devices/*.csv")).rejects.toThrow("the glob must match a file, got no match");
  });

  it("does not hide data that the configuration links to", async () => {
    mkdirSync(at("linked"));
    writeFileSync(at("elsewhere.csv"), "user\n1\n");
    symlinkSync(at("elsewhere.csv"), at("linked/day-1.csv"));
    expect((await source("linked")).map(({ name }) => name)).toEqual(["linked/day-1.csv"]);
  });

  it("a folder in a file's place is named", async () => {
    cpSync(at("paused"), at("folders"), { recursive: true });
    rmSync(at("folders/metrics.jsonl"));
    mkdirSync(at("folders/metrics.jsonl"));
    const resumed = run(at("folders"), { resume: true });
    await expect(resumed).rejects.toThrow(/metrics\.jsonl: file must be there to (read|append), got/);
    await expect(resumed).rejects.not.toThrow(ConfigError);
  });
});
