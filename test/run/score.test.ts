import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { SectionName } from "../../src/distill/scores/manifest.ts";
import { openStore, readShards } from "../../src/distill/scores/open-store.ts";
import { unpackTexts } from "../../src/distill/scores/text-column.ts";
import type { NativeEngine } from "../../src/engine/native.ts";
import { ConfigError, DataError } from "../../src/errors.ts";
import { readRunConfig } from "../../src/run/config/run-config.ts";
import { exposedScores } from "../../src/run/evaluation/exposed-scores.ts";
import { openRun } from "../../src/run/open-run.ts";
import { checkScores } from "../../src/run/score/check-scores.ts";
import { openTeacher } from "../../src/run/score/open-teacher.ts";
import { finishScore, writeOffline } from "./offline-setting.ts";
import { finishRun, nativeEngine, smallData } from "./small-run.ts";

let native: NativeEngine | undefined;
let folder: string;
const at = (name: string): string => join(folder, name);

beforeAll(async () => {
  native = await nativeEngine();
  folder = mkdtempSync(join(tmpdir(), "twinstill-score-"));
  writeOffline(folder);
  await finishRun(at("teacher.yaml"), at("teacher"), { native });
  await finishScore(folder, { native });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Pair {
  readonly row: number;
  readonly user: string;
  readonly item: string;
  readonly rank: number | undefined;
  readonly scores: Readonly<Record<string, number>>;
}

async function pairsOf(section: SectionName, store = at("store")): Promise<Pair[]> {
  const pairs: Pair[] = [];
  for await (const { columns } of readShards(await openStore(store), section)) {
    const [users, items] = [unpackTexts(columns.user!), unpackTexts(columns.item!)];
    for (let i = 0; i < columns.rows; i++) {
      const scores = Object.fromEntries(Object.entries(columns.scores).map(([head, values]) => [head, values[i]!]));
      pairs.push({ row: columns.row![i]!, user: users[i]!, item: items[i]!, rank: columns.rank?.[i], scores });
    }
  }
  return pairs;
}

/** The data file's lines: user, age, item, topic, hour, day, rating. */
const lines = (): string[][] =>
  smallData()
    .trim()
    .split("\n")
    .slice(1)
    .map((line) => line.split(","));

/** Items of each user on the days before `day`. */
function itemsBefore(day: number): Map<string, Set<string>> {
  const items = new Map<string, Set<string>>();
  for (const [user, , item, , , when] of lines())
    if (Number(when) < day) items.set(user!, (items.get(user!) ?? new Set()).add(item!));
  return items;
}

describe("a scoring job", () => {
  it("stores the score that the run itself gives to each row of the part, under the row's keys", async () => {
    const opened = await openRun(at("teacher"), { native });
    const rows = opened.dataset.parts.validation!; // day 5 is in the teacher's data and in the student's part
    const own = exposedScores(opened.program, opened.dataset, rows)["teacher/ctcvr"]!;
    opened.program.close();
    const pairs = await pairsOf("rows");
    const byRow = new Map(pairs.map((pair) => [pair.row, pair]));
    const parts = lines().flatMap((line, row) => (Number(line[5]) >= 5 && Number(line[5]) < 9 ? [row] : []));
    expect(pairs.map(({ row }) => row)).toEqual(parts);
    for (const [i, row] of rows.entries()) {
      const source = opened.dataset.source.rows[row]!;
      expect(byRow.get(source)!.scores.ctcvr).toBeCloseTo(own[i]!, 5);
    }
    for (const { row, user, item, scores } of pairs) {
      expect([user, item]).toEqual([lines()[row]![0], lines()[row]![2]]);
      // p_CTCVR = p_CTR p_CVR
      const probability = (logit: number): number => 1 / (1 + Math.exp(-logit));
      expect(probability(scores.ctcvr!)).toBeCloseTo(probability(scores.ctr!) * probability(scores.cvr!), 5);
    }
  });

  it("says in the manifest whose scores they are, of what, and how much of it", async () => {
    const { manifest } = await openStore(at("store"));
    const identity = await openTeacher(at("teacher"), { native });
    identity.program.close();
    expect(manifest).toMatchObject({
      teacher: {
        ...identity.identity,
        run: "teacher",
        trained: { rows: 250, days: { column: "day", from: 0, to: 4 } },
      },
      schema: { user: "user", item: "item", request: null },
      source: { part: "train", files: [{ name: "data.csv", start: 0 }] },
      fileRows: [500],
      heads: ["ctr", "cvr", "ctcvr"],
      values: "logit",
      day: { column: "day", from: 5, to: 8 },
      coverage: { scored: 200, of: 200 },
    });
    expect(Object.keys(manifest.schema.columns)).toEqual(["user", "age", "item", "topic", "hour"]);
  });

  it("draws candidates that the user does not know, in the row's context", async () => {
    const known = itemsBefore(9);
    const pairs = await pairsOf("candidates");
    const perRow = new Map<number, number>();
    for (const { row, user, item } of pairs) {
      expect(user).toBe(lines()[row]![0]);
      expect(known.get(user)!.has(item)).toBe(false);
      perRow.set(row, (perRow.get(row) ?? 0) + 1);
    }
    expect(Math.max(...perRow.values())).toBe(2);
  });

  it("ranks every unknown item for every known user", async () => {
    const known = itemsBefore(9);
    const top = await pairsOf("top");
    const uniform = await pairsOf("uniform");
    const users = [...known.keys()].filter((user) => known.get(user)!.size < 20);
    expect(new Set(top.map(({ user }) => user))).toEqual(new Set(users));
    for (const user of users) {
      const list = top.filter((pair) => pair.user === user);
      const free = 20 - known.get(user)!.size;
      expect(list.map(({ rank }) => rank)).toEqual(Array.from({ length: Math.min(4, free) }, (_, i) => i + 1));
      const scores = list.map((pair) => pair.scores.ctcvr!);
      expect(scores).toEqual(scores.toSorted((a, b) => b - a));
      const drawn = uniform.filter((pair) => pair.user === user);
      expect(new Set(drawn.map(({ item }) => item)).size).toBe(Math.min(6, free));
      for (const { item, scores: own } of [...list, ...drawn]) {
        expect(known.get(user)!.has(item)).toBe(false);
        // Nothing outside the list is better than its last.
        if (!list.some((pair) => pair.item === item)) expect(own.ctcvr).toBeLessThanOrEqual(scores.at(-1)!);
      }
    }
  });

  it("gives the same bytes as three jobs, and as a job that was stopped and resumed", async () => {
    for (const index of [3, 1, 2]) await finishScore(folder, { native, out: at("three"), job: { index, count: 3 } });
    const stop = new AbortController();
    let shards = 0;
    const stopped = await finishScore(folder, {
      native,
      out: at("stopped"),
      signal: stop.signal,
      onNotice: ({ kind }) => {
        if (kind === "shard" && ++shards === 5) stop.abort();
      },
    });
    expect([stopped.reason, stopped.manifest]).toEqual(["interrupted", undefined]);
    const again = await finishScore(folder, { native, out: at("stopped"), resume: true });
    expect(again.reason).toBe("done");
    const whole = readdirSync(at("store"));
    for (const other of ["three", "stopped"]) {
      expect(readdirSync(at(other))).toEqual(whole);
      for (const name of whole.filter((file) => file.endsWith(".arrow")))
        expect(readFileSync(join(at(other), name)).equals(readFileSync(join(at("store"), name))), name).toBe(true);
    }
    expect(await finishScore(folder, { native, out: at("stopped"), resume: true })).toMatchObject({
      reason: "done",
      rows: 0,
    });
  });

  it("scores with a two-tower student too, and with heads that are made of others", async () => {
    await finishRun(at("student.yaml"), at("student"), {
      native,
      sets: [
        "student.losses=[{ kind: in-batch-softmax, label: seen }]",
        "data.split={ by: expression, train: day < 5, test: day == 9 }",
      ],
    });
    await finishScore(folder, {
      native,
      teacher: at("student"),
      part: "test",
      out: at("by-student"),
      sets: ["score.heads=[score, { name: corrected, from: score }]", "score.exclude=none"],
    });
    const { manifest } = await openStore(at("by-student"));
    expect([manifest.heads, manifest.values, manifest.teacher]).toMatchObject([
      ["score", "corrected"],
      "score",
      { model: "student" },
    ]);
    const before = lines().filter((line) => Number(line[5]) < 5);
    for (const { item, scores } of await pairsOf("rows", at("by-student"))) {
      const count = Math.max(1, before.filter((line) => line[2] === item).length);
      expect(scores.corrected! - scores.score!).toBeCloseTo(Math.log(count / before.length), 4);
    }
  });
});

describe("a teacher with pair features", () => {
  it("takes its statistics along: scores of new rows and lists are those of the run itself", async () => {
    const pairs =
      "data.pairs={ taste: { kind: mean, of: good, by: [user, topic], prior: 2 }, shows: { kind: count, by: [age, item], transform: log }, both: { kind: cross, of: [age, topic] }, near: { kind: ridge, of: good, by: [user, item], penalty: 2 }, off: { kind: mean, of: rating, by: [user], residual: true, prior: 1 } }";
    await finishRun(at("teacher.yaml"), at("crossed"), { native, sets: [pairs, "teacher.wide=[both]"] });
    await finishScore(folder, { native, teacher: at("crossed"), out: at("crossed-store") });
    const opened = await openRun(at("crossed"), { native });
    const rows = opened.dataset.parts.validation!;
    const own = exposedScores(opened.program, opened.dataset, rows)["teacher/ctcvr"]!;
    opened.program.close();
    const byRow = new Map((await pairsOf("rows", at("crossed-store"))).map((pair) => [pair.row, pair.scores.ctcvr!]));
    expect(own.length).toBe(50);
    for (const [i, row] of rows.entries()) expect(byRow.get(opened.dataset.source.rows[row]!)).toBeCloseTo(own[i]!, 5);
    const report = await checkScores({
      scores: at("crossed-store"),
      resolved: readRunConfig(at("student.yaml")),
      teacher: at("crossed"),
      native,
      sample: 50,
    });
    expect(report.problems).toEqual([]);
    // The same weights over other statistics are another teacher.
    const file = join(at("crossed"), "pairs.json");
    writeFileSync(file, readFileSync(file, "utf8").replace(/"prior": 2/, '"prior": 3'));
    await expect(
      finishScore(folder, { native, teacher: at("crossed"), out: at("crossed-store"), resume: true }),
    ).rejects.toThrow(/job must be the one that the store was begun with, got teacher.features = /);
  });
});

describe("a scoring job is refused", () => {
  const attempt = (options: Parameters<typeof finishScore>[1]) =>
    finishScore(folder, { native, out: at("refused"), ...options });
  const untouched = (): void => expect(readdirSync(folder)).not.toContain("refused");

  it("rows that the teacher was trained on", async () => {
    await expect(
      attempt({ sets: ["data.split.train=day >= 4 and day < 9", "data.split.history=day < 4"] }),
    ).rejects.toThrow(
      new DataError(
        "twinstill score: rows must be new to the teacher, got 50 of data.csv that it was trained on (the first is row 201); score rows that came after its training rows",
      ),
    );
    untouched();
  });

  it("days that the teacher was trained on, of rows in another file", async () => {
    writeOffline(at("other-file"), { data: smallData().replace("u1,", "u77,") });
    const job = finishScore(at("other-file"), {
      native,
      teacher: at("teacher"),
      out: at("refused"),
      sets: ["data.split={ by: expression, train: day >= 3 and day < 9, history: day < 3 }"],
    });
    await expect(job).rejects.toThrow(
      "day must be one that the teacher was not trained on, got day 3 to 8 where the teacher has seen 0 to 4; set score.sameDays",
    );
    untouched();
  });

  it("data whose columns are not the teacher's", async () => {
    await expect(attempt({ sets: ["data.columns.hour.kind=id"] })).rejects.toThrow(
      new DataError('twinstill score: schema.columns.hour.kind must be the teacher\'s "categorical", got "id"'),
    );
    untouched();
  });

  it("heads that the teacher does not have", async () => {
    await expect(attempt({ sets: ["score.heads=[ctr, ctvr]"] })).rejects.toThrow(
      new ConfigError(
        `score.heads: must be among the teacher's heads ctr, cvr, ctcvr, got "ctvr"; did you mean "ctr"?`,
      ),
    );
    await expect(attempt({ sets: ["score.heads=[ctr, { name: ctr, from: cvr }]"] })).rejects.toThrow(
      new ConfigError('score.heads: names must differ, got "ctr" twice'),
    );
    untouched();
  });

  it("a folder without a run, a run without a checkpoint, and one that does not say what it was trained on", async () => {
    await expect(attempt({ teacher: at("nothing") })).rejects.toThrow(
      new ConfigError(`--teacher ${at("nothing")}: folder must hold a run, got no config.resolved.json in it`),
    );
    await finishRun(at("teacher.yaml"), at("broken"), { native, sets: ["train.epochs=1"] });
    rmSync(join(at("broken"), "trained.json"));
    await expect(attempt({ teacher: at("broken") })).rejects.toThrow(
      new DataError(
        `--teacher ${at("broken")}: run must say which rows it was trained on, got no trained.json; train it with this version`,
      ),
    );
    rmSync(join(at("broken"), "checkpoints"), { recursive: true });
    await expect(attempt({ teacher: at("broken") })).rejects.toThrow(
      new DataError(`--teacher ${at("broken")}: run must have a checkpoint, got none; train it first`),
    );
    untouched();
  });

  it("a part that the data do not have", async () => {
    await expect(attempt({ part: "validation" })).rejects.toThrow(
      new ConfigError("--data validation: data must have rows of that part, got none"),
    );
    untouched();
  });
});

describe("a check of a store", () => {
  const check = (options: Partial<Parameters<typeof checkScores>[0]> = {}) =>
    checkScores({
      scores: at("store"),
      resolved: readRunConfig(at("student.yaml")),
      teacher: at("teacher"),
      native,
      sample: 50,
      ...options,
    });

  it("scores a sample of every section again and finds the same", async () => {
    const report = await check();
    expect(report.problems).toEqual([]);
    expect(report.rescored.map(({ section }) => section)).toEqual(["rows", "candidates", "top", "uniform"]);
    for (const { pairs, largest } of report.rescored) {
      expect(pairs).toBeGreaterThan(20);
      expect(largest).toBeLessThan(1e-5);
    }
    expect(report.sections.find(({ section }) => section === "rows")).toMatchObject({
      rows: 200,
      shards: 4,
      duplicates: 0,
    });
  });

  it("finds scores that are not the teacher's", async () => {
    // A store of float16 scores, read as it is, of a model whose weights were exchanged under its name.
    await finishScore(folder, { native, out: at("half"), sets: ["score.dtype=float16"] });
    const half = await check({
      scores: at("half"),
      resolved: readRunConfig(at("student.yaml"), ["score.dtype=float16"]),
    });
    expect(half.problems).toEqual([]);
    expect(half.rescored[0]!.largest).toBeGreaterThan(1e-5);
    await finishRun(at("teacher.yaml"), at("another"), { native, sets: ["seed=5", "train.epochs=1"] });
    await expect(check({ teacher: at("another") })).rejects.toThrow(
      /^--scores .*store: teacher.weights must be [0-9a-f]{16}, got [0-9a-f]{16}$/,
    );
    const file = join(at("half"), "manifest.json");
    const manifest = JSON.parse(readFileSync(file, "utf8"));
    const { weights, features } = (await openStoreManifest(at("another"))).identity;
    writeFileSync(file, JSON.stringify({ ...manifest, teacher: { ...manifest.teacher, weights, features } }));
    const wrong = await check({ scores: at("half"), teacher: at("another") });
    expect(wrong.problems[0]).toMatch(/^section rows: the teacher scores its sample otherwise, by up to /);
  });

  it("says where the student cannot reach the teacher's scores, and what to do", async () => {
    const resolved = readRunConfig(at("distill.yaml"), ["student.scale=0.5"]);
    const { warnings } = await check({ resolved });
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(
      /^distill.kd: the student's logits begin within -0.5 to 0.5 \(unit vectors, scale 0.5, bias 0\), the teacher's ctcvr lies within -\d.*set student.scale to about \d+, move student.bias towards -\d.* or set student.normalise: false$/,
    );
    expect((await check({ resolved: readRunConfig(at("distill.yaml"), ["student.scale=50"]) })).warnings).toEqual([]);
  });
});

async function openStoreManifest(run: string) {
  const teacher = await openTeacher(run, { native });
  teacher.program.close();
  return teacher;
}
