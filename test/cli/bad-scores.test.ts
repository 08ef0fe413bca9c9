import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type SectionName,
  type StoreHeader,
  type StoreManifest,
  storeHeader,
} from "../../src/distill/scores/manifest.ts";
import { openStore, readShards } from "../../src/distill/scores/open-store.ts";
import type { ScoreColumns } from "../../src/distill/scores/score-columns.ts";
import { openStoreWriter } from "../../src/distill/scores/store-writer.ts";
import type { NativeEngine } from "../../src/engine/native.ts";
import { findCheckpoint } from "../../src/run/checkpoint.ts";
import { openSafetensors } from "../../src/run/formats/safetensors-read.ts";
import { type TensorSource, writeSafetensors } from "../../src/run/formats/safetensors-write.ts";
import { runFolder } from "../../src/run/run-folder.ts";
import { finishScore, writeOffline } from "../run/offline-setting.ts";
import { finishRun, nativeEngine } from "../run/small-run.ts";
import { runCommand } from "./run-command.ts";

let native: NativeEngine | undefined;
let folder: string;
const at = (...names: readonly string[]): string => join(folder, ...names);

beforeAll(async () => {
  native = await nativeEngine();
  folder = mkdtempSync(join(tmpdir(), "twinstill-bad-"));
  writeOffline(folder);
  await finishRun(at("teacher.yaml"), at("teacher"), { native, sets: ["train.epochs=1"] });
  await finishScore(folder, { native });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Every file of a folder with what it holds. */
function contents(path: string): Record<string, string> {
  const files = readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    files.map(({ parentPath, name }) => {
      const file = join(parentPath, name);
      return [file, createHash("sha256").update(readFileSync(file)).digest("hex")];
    }),
  );
}

/** A copy of the store that `change` has changed. */
function changedStore(change: (path: string) => void): string {
  rmSync(at("changed"), { recursive: true, force: true });
  cpSync(at("store"), at("changed"), { recursive: true });
  change(at("changed"));
  return at("changed");
}

/** The store written again, whole and with right checksums, with other columns in one section. */
async function rewrittenStore(
  section: SectionName,
  columns: (columns: ScoreColumns) => ScoreColumns,
  header: (header: StoreHeader) => StoreHeader = (same) => same,
): Promise<string> {
  rmSync(at("changed"), { recursive: true, force: true });
  const store = await openStore(at("store"));
  const { manifest } = store;
  const fields = Object.keys(storeHeader.shape);
  const own = Object.fromEntries(Object.entries(manifest).filter(([name]) => fields.includes(name))) as StoreHeader;
  const writer = await openStoreWriter(at("changed"), header(own), { job: 1, resume: false });
  const shards: Partial<Record<SectionName, number>> = {};
  for (const name of Object.keys(manifest.content) as SectionName[]) {
    let shard = 0;
    for await (const read of readShards(store, name))
      await writer.write(name, shard++, name === section ? columns(read.columns) : read.columns);
    shards[name] = shard;
  }
  const { fileRows, coverage, day } = manifest;
  await writer.finish({ shards, fileRows, coverage, day });
  await writer.close();
  return at("changed");
}

/** The command must end with exit code 3 and one line, and leave everything as it was. */
async function refused(argv: readonly string[], message: RegExp): Promise<void> {
  const before = contents(folder);
  const { code, out, err } = await runCommand([...argv, "--quiet"]);
  expect(err).toMatch(message);
  expect(err.trim().split("\n")).toHaveLength(1);
  expect({ code, out }).toEqual({ code: 3, out: "" });
  expect(contents(folder)).toEqual(before);
  if (existsSync(at("out"))) expect(readdirSync(at("out"))).toEqual([]);
}
const distill = (store: string, ...sets: readonly string[]): readonly string[] => [
  ...["distill", "--config", at("distill.yaml"), "--scores", store, "--out", at("out")],
  ...sets.flatMap((set) => ["--set", set]),
];
const score = (teacher: string, ...sets: readonly string[]): readonly string[] => [
  ...["score", "--config", at("student.yaml"), "--teacher", teacher, "--data", "train", "--out", at("out")],
  ...sets.flatMap((set) => ["--set", set]),
];
const LISTS = ["distill.0.space=lists", "scores.lists={ users: 4, top: 2, uniform: 2 }"];

describe("a student refuses", () => {
  it("a store of another teacher", () =>
    refused(
      distill(at("store"), "scores.teacher=00000000000000ff"),
      /teacher\.weights must be 00000000000000ff, got [0-9a-f]{16}$/m,
    ));

  it("a store of another schema", () =>
    refused(
      distill(at("store"), "data.columns.topic.kind=id"),
      /schema\.columns\.topic\.kind must be the teacher's "categorical", got "id"/,
    ));

  it("a store with a missing shard", () =>
    refused(
      distill(changedStore((path) => rmSync(join(path, "rows-00001.arrow")))),
      /rows-00001\.arrow: shard must be there as the manifest says, got none/,
    ));

  it("a store with a flipped byte", () =>
    refused(
      distill(
        changedStore((path) => {
          const file = join(path, "rows-00002.arrow");
          const bytes = readFileSync(file);
          bytes[bytes.length >> 1]! ^= 1;
          writeFileSync(file, bytes);
        }),
      ),
      /rows-00002\.arrow: shard must have SHA-256 [0-9a-f]{64}, got [0-9a-f]{64}: its bytes were changed/,
    ));

  it("a store with a cut shard", () =>
    refused(
      distill(changedStore((path) => truncateSync(join(path, "rows-00000.arrow"), 1000))),
      /rows-00000\.arrow: shard must have \d+ bytes, got 1000/,
    ));

  it("a store that is not whole", () =>
    refused(
      distill(
        changedStore((path) => {
          const { content: _, fileRows: _rows, coverage: _coverage, day: _day, ...header } = manifestOf(path);
          rmSync(join(path, "manifest.json"));
          writeFileSync(join(path, "job.json"), JSON.stringify(header));
        }),
      ),
      /folder must hold a whole score store, got an unfinished one; go on with it/,
    ));

  it("duplicate keys", async () => {
    const first = (columns: ScoreColumns): ScoreColumns => ({
      ...columns,
      row: columns.row!.map((row, i) => (i === 1 ? columns.row![0]! : row)),
    });
    await refused(
      distill(await rewrittenStore("rows", first)),
      /keys must differ, got two scores for user .* and item /,
    );
  });

  it("a store without a key column", async () => {
    const store = await rewrittenStore(
      "rows",
      ({ row: _, ...columns }) => columns,
      (header) => ({
        ...header,
        sections: { ...header.sections, rows: { ...header.sections.rows!, keys: ["user", "item"] } },
      }),
    );
    await refused(distill(store), /must have key columns row for join: row, got user, item; row missing/);
  });

  it("ranks with gaps", async () => {
    const store = await rewrittenStore("top", (columns) => ({
      ...columns,
      rank: columns.rank!.map((rank) => (rank > 2 ? rank + 1 : rank)),
    }));
    await refused(
      distill(store, ...LISTS),
      /ranks of a list must be 1, 2, 3 \.\.\. without gaps, got 4 where 3 must stand for user "u\d+"/,
    );
  });

  it("scores of other days than its rows", () =>
    refused(
      distill(
        changedStore((path) => {
          const manifest = manifestOf(path);
          writeFileSync(
            join(path, "manifest.json"),
            JSON.stringify({ ...manifest, day: { column: "day", from: 5, to: 7 } }),
          );
        }),
      ),
      /day must be day 5 to 8, got day 5 to 7/,
    ));
});

describe("a scoring job refuses", () => {
  it("rows of a day that the teacher was trained on", () =>
    refused(
      score(at("teacher"), "data.split={ by: expression, train: day == 4, test: day == 9 }"),
      /rows must be new to the teacher, got 50 of data\.csv that it was trained on/,
    ));

  it("a run without a checkpoint", async () => {
    cpSync(at("teacher"), at("bare"), { recursive: true });
    rmSync(at("bare", "checkpoints"), { recursive: true });
    await refused(score(at("bare")), /run must have a checkpoint, got none; train it first/);
  });

  it("a teacher whose scores are not finite", async () => {
    cpSync(at("teacher"), at("broken"), { recursive: true });
    const checkpoint = (await findCheckpoint(runFolder(at("broken")), "latest"))!;
    const file = join(checkpoint, "model.safetensors");
    const opened = await openSafetensors(file);
    const changed: Record<string, TensorSource> = {};
    for (const [name, { dtype, shape }] of opened.tensors) {
      const data = (await opened.read(name)) as Float32Array;
      if (name.includes("embedding/topic")) data.fill(Number.NaN);
      changed[name] = { dtype, shape, data };
    }
    const { metadata } = opened;
    await opened.close();
    await writeSafetensors(file, changed, { metadata });
    await refused(
      score(at("broken")),
      /rows-00000: row \d+, user "u\d+", item "\d+": score "ctr" must be a finite number, got NaN/,
    );
  });
});

function manifestOf(path: string): StoreManifest {
  return JSON.parse(readFileSync(join(path, "manifest.json"), "utf8"));
}
