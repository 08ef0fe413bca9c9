import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeBatch } from "../../src/data/make-batch.ts";
import { openStore, readShards } from "../../src/distill/scores/open-store.ts";
import { unpackTexts } from "../../src/distill/scores/text-column.ts";
import type { NativeEngine } from "../../src/engine/native.ts";
import { DataError } from "../../src/errors.ts";
import { batchSpecOf } from "../../src/run/batch-spec.ts";
import { readRunConfig } from "../../src/run/config/run-config.ts";
import { openRunData } from "../../src/run/starting-point.ts";
import { finishScore, writeOffline } from "./offline-setting.ts";
import { finishRun, nativeEngine, smallData } from "./small-run.ts";

let native: NativeEngine | undefined;
let folder: string;
const at = (name: string): string => join(folder, name);
/** The store of days 5 and 6 alone: the student's other training rows, days 7 and 8, have no score. */
const TWO_DAYS = "data.split={ by: expression, history: day < 5, train: day >= 5 and day < 7, test: day == 9 }";

beforeAll(async () => {
  native = await nativeEngine();
  folder = mkdtempSync(join(tmpdir(), "twinstill-scores-"));
  writeOffline(folder);
  await finishRun(at("teacher.yaml"), at("teacher"), { native });
  await finishScore(folder, { native });
  await finishScore(folder, { native, out: at("two-days"), sets: [TWO_DAYS, "score.heads=[ctcvr]"] });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const load = (...sets: readonly string[]) => openRunData(readRunConfig(at("distill.yaml"), sets));
const lines = smallData().trim().split("\n").slice(1);

async function storedScores(store = "store"): Promise<Map<number, number>> {
  const scores = new Map<number, number>();
  for await (const { columns } of readShards(await openStore(at(store)), "rows"))
    columns.row!.forEach((row, i) => void scores.set(row, columns.scores.ctcvr![i]!));
  return scores;
}

describe("stored scores in a student's data", () => {
  it("are those of the very rows", async () => {
    const { dataset, scores } = await load();
    const stored = await storedScores();
    const rows = dataset.stored!.rows!;
    for (const row of dataset.parts.train) {
      expect(rows.scores.get("ctcvr")![row]).toBe(stored.get(dataset.source.rows[row]!));
      expect(rows.mask[row]).toBe(1);
    }
    for (const row of dataset.parts.test!) expect(rows.mask[row]).toBe(0);
    expect(scores).toMatchObject({
      rows: { total: 200, scored: 200, dropped: 0, hardLabelOnly: 0 },
      repeated: 0,
      lists: null,
    });
  });

  it("reach batches with their mask, padding and negatives without one", async () => {
    for (const negatives of [[], ["negatives={ kind: frequency, count: 2 }"]]) {
      const { dataset, ...rest } = await load(...negatives);
      void rest;
      const { config } = readRunConfig(at("distill.yaml"), negatives);
      const spec = { ...batchSpecOf(config, dataset), shuffle: false };
      const last = makeBatch(dataset, spec, 0, 6); // rows 192 to 199, and 24 of padding
      const width = 1 + 2 * negatives.length;
      const rows = dataset.parts.train.subarray(192);
      const own = dataset.stored!.rows!.scores.get("ctcvr")!;
      const expected = new Float32Array(32 * width);
      const mask = new Float32Array(32 * width);
      rows.forEach((row, i) => {
        expected[i * width] = own[row]!;
        mask[i * width] = 1;
      });
      expect(last["score/ctcvr"]!.data).toEqual(expected);
      expect(last["score/mask"]!.data).toEqual(mask);
      expect(last["score/mask"]!.shape).toEqual(negatives.length === 0 ? [32] : [32, 3]);
    }
  });

  it("come with the store's candidates as negatives, each with its own score", async () => {
    const sets = ["negatives={ kind: stored, count: 2 }"];
    const { dataset } = await load(...sets);
    const { config } = readRunConfig(at("distill.yaml"), sets);
    const batch = makeBatch(dataset, batchSpecOf(config, dataset), 1, 3);
    const candidates = new Map<string, number>();
    for await (const { columns } of readShards(await openStore(at("store")), "candidates")) {
      const [users, items] = [unpackTexts(columns.user!), unpackTexts(columns.item!)];
      columns.row!.forEach(
        (row, i) => void candidates.set(`${row} ${users[i]} ${items[i]}`, columns.scores.ctcvr![i]!),
      );
    }
    const { data: items } = batch.itemIndex!;
    let seen = 0;
    for (let i = 0; i < 32; i++) {
      const user = dataset.users.ids[batch.userIndex!.data[i]!]!;
      for (let j = 1; j < 3; j++) {
        if (batch.mask!.data[i * 3 + j] === 0) continue;
        const item = dataset.items.ids[items[i * 3 + j]!]!;
        const scores = [...candidates].filter(([key]) => key.endsWith(` ${user} ${item}`)).map(([, score]) => score);
        expect(scores).toContain(batch["score/ctcvr"]!.data[i * 3 + j]);
        seen++;
      }
    }
    expect(seen).toBeGreaterThan(40);
  });

  it("come as lists: drawn from the best and from the rest, with their scores", async () => {
    const sets = ["scores.lists={ users: 7, top: 2, of: 3, uniform: 2 }", "distill.0.space=lists"];
    const { dataset, scores } = await load(...sets);
    const { config } = readRunConfig(at("distill.yaml"), sets);
    const stored = new Map<string, { score: number; rank: number | undefined }>();
    for (const section of ["uniform", "top"] as const) {
      for await (const { columns } of readShards(await openStore(at("store")), section)) {
        const [users, items] = [unpackTexts(columns.user!), unpackTexts(columns.item!)];
        for (let i = 0; i < columns.rows; i++)
          stored.set(`${users[i]} ${items[i]}`, { score: columns.scores.ctcvr![i]!, rank: columns.rank?.[i] });
      }
    }
    const spec = batchSpecOf(config, dataset);
    const met = new Set<number>();
    const places = new Set<number>();
    for (let step = 0; step < 12; step++) {
      const batch = makeBatch(dataset, spec, Math.floor(step / 7), step % 7);
      expect(batch["lists/mask"]!.shape).toEqual([7, 4]);
      for (let i = 0; i < 7; i++) {
        const user = batch["lists/userIndex"]!.data[i]!;
        met.add(user);
        const ranks = [0, 1, 2, 3].map((j) => {
          if (batch["lists/mask"]!.data[i * 4 + j] === 0) return 0;
          const item = batch["lists/itemIndex"]!.data[i * 4 + j]!;
          const found = stored.get(`${dataset.users.ids[user]} ${dataset.items.ids[item]}`)!;
          expect(batch["lists/score/ctcvr"]!.data[i * 4 + j]).toBe(found.score);
          expect(batch["lists/item/item"]!.data[i * 4 + j]).toBe(dataset.items.features.get("item")!.data[item]);
          return found.rank ?? Number.POSITIVE_INFINITY;
        });
        expect(ranks[0]).toBeLessThan(ranks[1]! || Number.POSITIVE_INFINITY);
        expect(Math.max(...ranks.slice(0, 2))).toBeLessThanOrEqual(3);
        for (const rank of ranks.slice(2)) if (rank !== 0) expect(rank).toBeGreaterThan(3);
        places.add(ranks[0]!);
      }
    }
    expect(met.size).toBe(scores!.lists!.count); // 84 draws of fewer lists: each once before any comes again
    expect(places).toEqual(new Set([1, 2]));
  });
});

describe("training rows without a score", () => {
  it("are an error that counts them, unless another policy is set", async () => {
    // The days differ, which is found first; a user-item join looks at the pairs alone.
    await expect(load("scores.store=two-days")).rejects.toThrow(
      new DataError(`--scores ${at("two-days")}: day must be day 5 to 8, got day 5 to 6`),
    );
    await expect(load("scores.store=two-days", "scores.join=user-item", "scores.duplicates=last")).rejects.toThrow(
      /every training row must have a score \(join: user-item\), got none for \d+ of 200; score them, or set scores.missing: drop or hard-label-only$/,
    );
  });

  it.each(["drop", "hard-label-only"])("policy %s by user and item, counted and never filled in", async (policy) => {
    const { dataset, scores } = await load(
      "scores.store=two-days",
      "scores.join=user-item",
      "scores.duplicates=last",
      `scores.missing=${policy}`,
    );
    const stored = new Map<string, number>();
    const pairOf = (row: number): string =>
      lines[row]!.split(",")
        .filter((_, i) => i === 0 || i === 2)
        .join(" ");
    for (const [row, score] of await storedScores("two-days")) stored.set(pairOf(row), score);
    const { mask, scores: values } = dataset.stored!.rows!;
    const train = Array.from(dataset.parts.train);
    const scored = train.filter((row) => mask[row] === 1);
    for (const row of scored) expect(values.get("ctcvr")![row]).toBe(stored.get(pairOf(dataset.source.rows[row]!)));
    for (const row of train.filter((candidate) => mask[candidate] === 0)) {
      expect(stored.has(pairOf(dataset.source.rows[row]!))).toBe(false);
      expect(values.get("ctcvr")![row]).toBe(0);
    }
    const kept = policy === "drop" ? scored.length : 200;
    expect(train.length).toBe(kept);
    expect(scores!.rows).toEqual({
      total: 200,
      scored: scored.length,
      dropped: 200 - kept,
      hardLabelOnly: policy === "drop" ? 0 : 200 - scored.length,
    });
    expect(scored.length).toBeGreaterThan(90);
    expect(scored.length).toBeLessThan(200);
    expect(scores!.repeated).toBeGreaterThan(0);
  });

  it("do not move the student by the distillation term", async () => {
    const sets = [
      "scores.store=two-days",
      "scores.join=user-item",
      "scores.duplicates=last",
      "scores.missing=hard-label-only",
    ];
    const { config } = readRunConfig(at("distill.yaml"), sets);
    const { dataset } = await load(...sets);
    const batch = makeBatch(dataset, batchSpecOf(config, dataset), 0, 0);
    expect(batch["score/mask"]!.data).toContain(0);
    await finishRun(at("distill.yaml"), at("hard-only"), { native, sets: [...sets, "train.epochs=1"] });
    const logged = readFileSync(join(at("hard-only"), "metrics.jsonl"), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(logged[0]["loss/distill/kd"]).toBeGreaterThan(0);
    expect(JSON.parse(readFileSync(join(at("hard-only"), "scores.json"), "utf8")).rows.hardLabelOnly).toBeGreaterThan(
      0,
    );
  });
});

describe("a run with a store that does not fit", () => {
  const attempt = (...sets: readonly string[]) => finishRun(at("distill.yaml"), at("refused"), { native, sets });

  it.each([
    [
      "another teacher",
      ["scores.teacher=00000000000000ff"],
      /: teacher.weights must be 00000000000000ff, got [0-9a-f]{16}$/,
    ],
    [
      "a head that it does not have",
      ["distill.0.head=ctvr"],
      /: heads must be such that "ctvr" is there, got ctr, cvr, ctcvr; did you mean "ctr"\?$/,
    ],
    [
      "another schema",
      ["data.columns.topic.kind=id"],
      /: schema.columns.topic.kind must be the teacher's "categorical", got "id"$/,
    ],
    [
      "a section that it does not hold",
      ["scores.store=no-lists", "scores.lists={ users: 4, top: 2 }", "distill.0.space=lists"],
      /must hold section "top", got rows; score it too$/,
    ],
    [
      "rows that its teacher has seen",
      ["data.split={ by: expression, train: day >= 4 and day < 9, test: day == 9 }", "scores.join=user-item"],
      /: rows must be new to the teacher, got 50 of data.csv that it was trained on/,
    ],
  ])("is refused: %s", async (_, sets, message) => {
    if (sets.includes("scores.store=no-lists"))
      await finishScore(folder, { native, out: at("no-lists"), config: "distill.yaml", sets: ["score={ }"] });
    const error = await attempt(...sets).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DataError);
    expect((error as Error).message).toMatch(message);
    expect(readdirSync(at("refused"))).toEqual([]);
    rmSync(at("refused"), { recursive: true });
  });

  it("is refused when a run goes on with another store than it began with", async () => {
    await finishRun(at("distill.yaml"), at("began"), { native, sets: ["train.epochs=1"] });
    rmSync(at("store-copy"), { recursive: true, force: true });
    await finishScore(folder, { native, out: at("swapped"), sets: ["score.heads=[ctcvr]"] });
    const { renameSync } = await import("node:fs");
    renameSync(at("store"), at("kept"));
    renameSync(at("swapped"), at("store"));
    await expect(
      finishRun(at("distill.yaml"), at("began"), { native, resume: true, sets: ["train.epochs=1"] }),
    ).rejects.toThrow(/checkpoint must be of the same data, got fingerprint/);
    rmSync(at("store"), { recursive: true });
    renameSync(at("kept"), at("store"));
  });
});

describe("lists of a teacher that has seen the student's training rows", () => {
  const ALL_DAYS = "data.split={ by: expression, train: day < 9, test: day == 9 }";
  const sets = [
    ALL_DAYS,
    "student.losses=[]",
    "distill=[{ name: kd, head: ctcvr, kind: bernoulli-kl, space: lists }]",
    "scores.lists={ users: 4, top: 2, of: 4, uniform: 3 }",
  ];

  it("are taken where they hold nothing that their users know", async () => {
    await finishScore(folder, { native, out: at("new-items"), sets: [ALL_DAYS, "score.rows=false"] });
    const { dataset } = await load(...sets, "scores.store=new-items");
    const { users, items, parts, stored } = dataset;
    const known = new Set(Array.from(parts.train, (row) => `${users.rowEntity[row]} ${items.rowEntity[row]}`));
    const { top, rows } = stored!.lists!;
    expect(top!.items.some((item) => item >= 0)).toBe(true);
    for (const [i, item] of top!.items.entries())
      expect(known).not.toContain(`${users.rowEntity[rows[Math.floor(i / top!.width)]!]} ${item}`);
  });

  it("are refused where they hold an item of a training row", async () => {
    const out = at("known-items");
    await expect(
      finishScore(folder, { native, out, sets: [ALL_DAYS, "score.rows=false", "score.exclude=none"] }),
    ).rejects.toThrow("rows must be new to the teacher, got 250 of data.csv");
    await finishScore(folder, { native, out, sets: ["score.rows=false", "score.exclude=none"] });
    await expect(load(...sets, "scores.store=known-items")).rejects.toThrow(
      "rows must be new to the teacher, got 250 of data.csv that it was trained on",
    );
  });
});

describe("what a student has seen", () => {
  it("is its rows and its teacher's", async () => {
    await finishRun(at("distill.yaml"), at("seen"), { native, sets: ["train.epochs=1"] });
    const trained = JSON.parse(readFileSync(join(at("seen"), "trained.json"), "utf8"));
    expect(trained).toMatchObject({ rows: 450, days: { column: "day", from: 0, to: 8 } });
    await expect(
      finishScore(folder, {
        native,
        teacher: at("seen"),
        out: at("leak"),
        sets: ["data.split={ by: expression, train: day == 2, test: day == 9 }"],
      }),
    ).rejects.toThrow("rows must be new to the teacher, got 50 of data.csv");
  });
});
