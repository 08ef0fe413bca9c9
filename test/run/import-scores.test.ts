import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeParquet } from "../../src/data/write-parquet.ts";
import { openStore, readShards } from "../../src/distill/scores/open-store.ts";
import { unpackTexts } from "../../src/distill/scores/text-column.ts";
import type { NativeEngine } from "../../src/engine/native.ts";
import { readRunConfig } from "../../src/run/config/run-config.ts";
import { openRunData } from "../../src/run/starting-point.ts";
import { runCommand } from "../cli/run-command.ts";
import { writeOffline } from "./offline-setting.ts";
import { finishRun, nativeEngine, smallData } from "./small-run.ts";

let native: NativeEngine | undefined;
let folder: string;
const at = (name: string): string => join(folder, name);
const lines = smallData().trim().split("\n");
/** A score for each row, but for every fifth; its value says whose it is. */
const scoreOf = (row: number): number | null => (row % 5 === 4 ? null : (row % 64) / 16 - 2);

beforeAll(async () => {
  native = await nativeEngine();
  folder = mkdtempSync(join(tmpdir(), "twinstill-import-"));
  const scored = lines.map((line, i) => `${line},${i === 0 ? "teacher_score" : (scoreOf(i - 1) ?? "")}`);
  writeOffline(folder, { data: `${scored.join("\n")}\n` });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const importing = (out: string, ...args: readonly string[]) =>
  runCommand(["import", "--config", at("student.yaml"), "--out", at(out), ...args]);
const load = (...sets: readonly string[]) => openRunData(readRunConfig(at("distill.yaml"), sets));
async function section(store: string, name: "rows" | "top") {
  const pairs: { user: string; item: string; score: number; rank: number | undefined }[] = [];
  for await (const { columns } of readShards(await openStore(at(store)), name)) {
    const [users, items] = [unpackTexts(columns.user!), unpackTexts(columns.item!)];
    for (let i = 0; i < columns.rows; i++)
      pairs.push({
        user: users[i]!,
        item: items[i]!,
        rank: columns.rank?.[i],
        score: Object.values(columns.scores)[0]![i]!,
      });
  }
  return pairs;
}

describe("scores of another ranker", () => {
  it("come from a column of the data, row by row, and teach a student", async () => {
    const { code, out } = await importing("column", "--column", "teacher_score", "--head", "ctcvr", "--ranker", "bge");
    expect({ code, out }).toEqual({ code: 0, out: `500 scores of bge read; ${at("column")}: rows 400\n` });
    const { dataset, scores } = await load("scores.store=column", "scores.missing=hard-label-only");
    expect(scores).toMatchObject({
      teacher: { kind: "imported", name: "bge" },
      rows: { total: 200, scored: 160, hardLabelOnly: 40 },
    });
    const stored = dataset.stored!.rows!;
    for (const row of dataset.parts.train) {
      const expected = scoreOf(dataset.source.rows[row]!);
      expect([stored.mask[row], stored.scores.get("ctcvr")![row]]).toEqual(
        expected === null ? [0, 0] : [1, Math.fround(expected)],
      );
    }
    const sets = ["scores.store=column", "scores.missing=drop", "train.epochs=1"];
    const result = await finishRun(at("distill.yaml"), at("taught"), { native, sets });
    expect(result.steps).toBe(5);
  });

  it("come from a table of pairs as rows and as lists, probabilities as logits", async () => {
    await writeParquet(at("pairs.parquet"), [
      { name: "who", type: "string", values: ["u1", "u2", "u1", "u1"] },
      { name: "what", type: "int64", values: [3n, 3n, 5n, 7n] },
      { name: "p", type: "float64", values: [0.5, 0.25, 0.75, 0.125] },
    ]);
    const args = ["--file", at("pairs.parquet"), "--column", "p", "--user", "who", "--item", "what"];
    expect(await importing("pairs", ...args, "--holds", "probabilities")).toMatchObject({ code: 0 });
    const logit = (p: number): number => Math.fround(Math.log(p / (1 - p)));
    expect((await section("pairs", "rows")).map(({ score }) => score)).toEqual([0.5, 0.25, 0.75, 0.125].map(logit));
    expect(await section("pairs", "top")).toEqual([
      { user: "u1", item: "5", rank: 1, score: logit(0.75) },
      { user: "u1", item: "3", rank: 2, score: 0 },
      { user: "u1", item: "7", rank: 3, score: logit(0.125) },
      { user: "u2", item: "3", rank: 1, score: logit(0.25) },
    ]);
  });

  it("are joined to the training rows by user and item", async () => {
    const [first, second] = [lines[300]!.split(","), lines[301]!.split(",")];
    const table = ["user,item,s", [first[0], first[2], 1.5], [second[0], second[2], -2], ["nobody", 3, 1]];
    writeFileSync(at("joined.csv"), `${table.join("\n")}\n`);
    expect(await importing("joined", "--file", at("joined.csv"), "--column", "s")).toMatchObject({ code: 0 });
    const { dataset } = await load("scores={ store: joined, join: user-item, missing: drop }", "distill.0.head=score");
    const found = Array.from(dataset.parts.train, (row) => {
      const [user, , item] = lines[dataset.source.rows[row]! + 1]!.split(",");
      return [user, item, dataset.stored!.rows!.scores.get("score")![row]];
    });
    expect(found).toContainEqual([first[0], first[2], 1.5]);
    expect(found).toContainEqual([second[0], second[2], -2]);
    const pairs = new Set(found.map(([user, item]) => `${user},${item}`));
    expect([...pairs].sort()).toEqual([`${first[0]},${first[2]}`, `${second[0]},${second[2]}`].sort());
  });

  it("come as ranks of request lists", async () => {
    const table = ["user,item,place", "u1,3,2", "u1,4,1", "u2,9,1", "u2,3,2", "u2,4,3"];
    writeFileSync(at("ranks.csv"), `${table.join("\n")}\n`);
    expect(await importing("ranks", "--file", at("ranks.csv"), "--column", "place", "--holds", "ranks")).toMatchObject({
      code: 0,
    });
    expect(JSON.parse(readFileSync(at("ranks/manifest.json"), "utf8"))).toMatchObject({ values: "rank", day: null });
    expect((await section("ranks", "top")).map(({ item, rank, score }) => [item, rank, score])).toEqual([
      ["4", 1, -1],
      ["3", 2, -2],
      ["9", 1, -1],
      ["3", 2, -2],
      ["4", 3, -3],
    ]);
  });

  it("come from lines of JSON with positive and negative passages", async () => {
    const rows = [
      { query: "u1", pos: ["3"], neg: ["4", "5"], pos_scores: [2.5], neg_scores: [-1, 3] },
      { query: "u2", pos: ["4"], neg: [], pos_scores: [0.5], neg_scores: [] },
    ];
    writeFileSync(at("kd.jsonl"), rows.map((row) => JSON.stringify(row)).join("\n"));
    const result = await importing("kd", "--format", "flag-embedding", "--file", at("kd.jsonl"), "--head", "rerank");
    expect(result).toMatchObject({ code: 0 });
    expect((await section("kd", "top")).map(({ user, item, score }) => [user, item, score])).toEqual([
      ["u1", "5", 3],
      ["u1", "3", 2.5],
      ["u1", "4", -1],
      ["u2", "4", 0.5],
    ]);
  });
});

describe("a wrong import ends with exit code 3, and nothing is written:", () => {
  const table = (name: string, ...rows: readonly string[]): string => {
    writeFileSync(at(name), `user,item,score\n${rows.join("\n")}\n`);
    return at(name);
  };
  it.each([
    [
      "a score that is no number",
      () => ["--file", table("nan.csv", "u1,3,1", "u1,4,nan"), "--column", "score"],
      /nan.csv line 3: column "score" must hold finite numbers, got "nan"/,
    ],
    [
      "a missing column",
      () => ["--file", table("column.csv", "u1,3,1"), "--column", "scores"],
      /column "scores" must be there, got user, item, score; did you mean "score"\?/,
    ],
    [
      "ranks with gaps",
      () => ["--file", table("gaps.csv", "u1,3,1", "u1,4,3"), "--column", "score", "--holds", "ranks"],
      /gaps.csv: ranks of a list must be 1, 2, 3 ... without gaps, got 3 where 2 must stand for user "u1"/,
    ],
    [
      "a rank below one",
      () => ["--file", table("zero.csv", "u1,3,0"), "--column", "score", "--holds", "ranks"],
      /zero.csv line 2: column "score": rank must be a whole number from 1, got 0/,
    ],
    [
      "a pair twice",
      () => ["--file", table("twice.csv", "u1,3,1", "u1,3,2"), "--column", "score"],
      /twice.csv: items of a list must differ, got one twice for user "u1"/,
    ],
    [
      "a probability that is none",
      () => ["--file", table("p.csv", "u1,3,1.5"), "--column", "score", "--holds", "probabilities"],
      /p.csv line 2: column "score": probability must be between 0 and 1, got 1.5/,
    ],
    [
      "more scores than passages",
      () => {
        const line = { query: "u1", pos: ["3"], neg: [], pos_scores: [1, 2], neg_scores: [] };
        writeFileSync(at("more.jsonl"), JSON.stringify(line));
        return ["--format", "flag-embedding", "--file", at("more.jsonl")];
      },
      /more.jsonl line 1: pos and pos_scores must be of one length, got 1 and 2/,
    ],
    [
      "a cut line",
      () => {
        writeFileSync(at("cut.jsonl"), '{"query": "u1", "po');
        return ["--format", "flag-embedding", "--file", at("cut.jsonl")];
      },
      /cut.jsonl line 1: line must be a JSON object, got: /,
    ],
  ])("%s", async (_, args, message) => {
    const { code, err } = await importing("wrong", ...args());
    expect(err).toMatch(message);
    expect(code).toBe(3);
    expect(existsSync(at("wrong"))).toBe(false);
  });
});
