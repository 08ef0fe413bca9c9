// Metrics that are asked for by name, values of users, and slices, each against what the same run gives otherwise.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { interactions } from "../../src/data/interactions.ts";
import { readRunConfig } from "../../src/run/config/run-config.ts";
import { setsOf, studentLists, teacherLists, warmUsers } from "../../src/run/evaluation/corpus-lists.ts";
import { exposedScores } from "../../src/run/evaluation/exposed-scores.ts";
import type { SliceResult } from "../../src/run/evaluation/slices.ts";
import { readUserMetrics } from "../../src/run/evaluation/user-metrics.ts";
import type { RunResult } from "../../src/run/execute-run.ts";
import { type OpenedRun, openRun } from "../../src/run/open-run.ts";
import { finishRun, nativeEngine, writeSmallRun } from "./small-run.ts";

const ASKED = [
  ...[
    "gauc_mean",
    "gauc_positives",
    "pr_auc",
    "ne",
    "ece",
    "calibration",
    "opa",
    "kendall_tau",
    "rbo",
    "pair_agreement",
    "kl",
  ],
  ...[
    "knn_recall@5",
    "batch_recall@3",
    "coverage@5",
    "gini@5",
    "novelty@5",
    "overlap@5",
    "teacher_recall@8@5",
    "teacher_regret@5",
  ],
];
const SLICES = {
  popular: { by: "popularity", groups: 2 },
  cold: { by: "cold-items" },
  "new-users": { by: "new-users" },
  history: { by: "history", groups: 2 },
  hour: { by: "column", column: "hour" },
  young: { by: "expression", expression: "age < 2" },
};

let folder: string;
let file: string;
let result: RunResult;
let run: OpenedRun;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "twinstill-measured-"));
  file = writeSmallRun(folder);
  const native = await nativeEngine();
  const sets = [
    "train.epochs=1",
    `evaluate.metrics=${JSON.stringify(ASKED)}`,
    `evaluate.slices=${JSON.stringify(SLICES)}`,
  ];
  result = await finishRun(file, join(folder, "run"), { native, sets });
  run = await openRun(join(folder, "run"), { native });
}, 60_000);
afterAll(() => {
  run.program.close();
  rmSync(folder, { recursive: true, force: true });
});

const student = (name: string) => result.test!.student![name];
/** The teacher's and the student's first five for each warm user. */
async function firstFive() {
  const users = warmUsers(run.dataset, "test");
  const own = await studentLists(run.program, run.dataset, users, 5);
  const other = teacherLists(run.program, run.dataset, users, 5);
  const rowsOf = ({ items }: typeof own) =>
    Array.from(users.numbers, (_, u) => [...items.subarray(5 * u, 5 * u + 5)].filter((i) => i >= 0));
  return { users, own: rowsOf(own), other: rowsOf(other) };
}
const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe("evaluate.metrics", () => {
  it("gives every metric that it names, by head, by model, or of both models", () => {
    const rows = ["gauc_mean", "gauc_positives", "pr_auc", "ne", "ece", "calibration"];
    const ofRows = rows.flatMap((name) => [`ctr/${name}`, `ctcvr/${name}`]);
    const lists = ["opa", "knn_recall@5", "batch_recall@3", "coverage@5", "gini@5", "novelty@5"];
    const both = ASKED.filter((name) => !rows.includes(name) && !lists.includes(name));
    for (const name of [...ofRows, ...lists]) {
      expect(result.test!.teacher![name], `teacher ${name}`).toEqual(expect.any(Number));
      expect(student(name), name).toEqual(expect.any(Number));
    }
    for (const name of both) {
      expect(student(name), name).toEqual(expect.any(Number));
      expect(result.test!.teacher).not.toHaveProperty([name]);
    }
  });

  it("equals what its formula gives of the run's own scores and lists", async () => {
    const { program, dataset } = run;
    const rows = dataset.parts.test!;
    const scores = exposedScores(program, dataset, rows);
    const chance = (logit: number) => 1 / (1 + Math.exp(-logit));
    const kl = Array.from(rows, (_, i) => {
      const [p, q] = [chance(scores["teacher/ctcvr"]![i]!), chance(scores.student![i]!)];
      return p * Math.log(p / q) + (1 - p) * Math.log((1 - p) / (1 - q));
    });
    expect(student("kl")).toBeCloseTo(meanOf(kl), 6);
    const tops = Array.from(rows, (row) => dataset.labels.get("top")![row]!);
    const predicted = meanOf(Array.from(scores.student!, chance)) / meanOf(tops);
    expect(student("ctcvr/calibration")).toBeCloseTo(predicted, 6);
    const { own, other } = await firstFive();
    const shared = own.map(
      (items, u) => items.filter((item) => other[u]!.includes(item)).length / Math.max(items.length, other[u]!.length),
    );
    expect(student("overlap@5")).toBeCloseTo(meanOf(shared), 10);
    expect(student("coverage@5")).toBeCloseTo(new Set(own.flat()).size / dataset.items.size, 10);
    const total = dataset.items.size + dataset.parts.train.length;
    const novelty = own.map((items) =>
      meanOf(items.map((item) => Math.log2(total / (dataset.items.trainCount[item]! + 1)))),
    );
    expect(student("novelty@5")).toBeCloseTo(meanOf(novelty), 8);
  });

  it("counts every pair alike in knn_recall, with nothing masked", async () => {
    const { program, dataset } = run;
    const users = warmUsers(dataset, "test");
    const lists = await studentLists(program, dataset, { rows: users.rows }, 5);
    const placeOf = new Map(Array.from(users.numbers, (user, place) => [user, place]));
    const good = dataset.labels.get("good")!;
    const hits = [...dataset.parts.test!].flatMap((row) => {
      const place = placeOf.get(dataset.users.rowEntity[row]!);
      if (good[row] !== 1 || place === undefined) return [];
      return [lists.items.subarray(5 * place, 5 * place + 5).includes(dataset.items.rowEntity[row]!) ? 1 : 0];
    });
    expect(student("knn_recall@5")).toBeCloseTo(meanOf(hits), 10);
  });

  it.each([
    ["ecee", "evaluate.metrics.0: must be one of gauc_mean, gauc_positives, pr_auc, ne, ece,"],
    ["coverage", "evaluate.metrics.0: metricDefinition: name must have the form coverage@<k>, got coverage"],
    ["ece@3", "name must have the form ece, got ece@3"],
    ["teacher_recall@5", 'must have the form teacher_recall@<m>@<k>, got "teacher_recall@5"'],
  ])("refuses %s", (name, message) => {
    expect(() => readRunConfig(file, [`evaluate.metrics=[${name}]`])).toThrow(message);
  });

  it("refuses what the run cannot have", () => {
    const alone = ["teacher=null", "train.teacher=null", "distill=[]", "student.losses=[{ kind: bpr, label: top }]"];
    expect(() => readRunConfig(file, [...alone, "evaluate.metrics=[rbo]"])).toThrow(
      "rbo compares student and teacher: the run needs both",
    );
    expect(() => readRunConfig(file, ["evaluate.relevant=null", "evaluate.metrics=[knn_recall@5]"])).toThrow(
      "knn_recall needs evaluate.relevant",
    );
  });
});

describe("eval/test-users.parquet", () => {
  it("holds the values that the means are of", async () => {
    const path = join(folder, "run", "eval", "test-users.parquet");
    const users = await readUserMetrics(path, ["student/recall@5", "teacher/ndcg@5", "student/nothing"]);
    expect([...users.keys()]).toEqual(["student/recall@5", "teacher/ndcg@5"]);
    expect(meanOf([...users.get("student/recall@5")!.values()])).toBeCloseTo(student("recall@5")!, 12);
    expect(meanOf([...users.get("teacher/ndcg@5")!.values()])).toBeCloseTo(result.test!.teacher!["ndcg@5"]!, 12);
    expect([...users.get("student/recall@5")!.keys()][0]).toMatch(/^u\d+$/);
    await expect(readUserMetrics(file, ["student/recall@5"])).rejects.toThrow("file must hold the metrics of users");
  });
});

describe("evaluate.slices", () => {
  const slices = () =>
    JSON.parse(readFileSync(join(folder, "run", "eval", "test-slices.json"), "utf8")) as SliceResult[];
  const of = (slice: string, model = "student") => slices().filter((own) => own.slice === slice && own.model === model);

  it("parts all measured rows of each slice into its groups", () => {
    const rows = run.dataset.parts.test!.length;
    for (const slice of Object.keys(SLICES))
      expect(
        of(slice).reduce((sum, own) => sum + own.rows, 0),
        slice,
      ).toBe(rows);
    expect(
      of("hour")
        .map(({ group }) => group)
        .toSorted(),
    ).toEqual(["0", "1", "2"]);
    expect(of("young").map(({ group }) => group)).toEqual(["0", "1"]);
    expect(of("cold")).toHaveLength(1);
    expect(of("popular").map(({ group }) => group)).toEqual(["1", "2"]);
  });

  it("equals the whole where a slice has one group", () => {
    const [warm] = of("cold");
    for (const name of ["ctr/auc", "ctcvr/logloss", "recall@5", "ndcg@5"])
      expect(warm!.metrics[name], name).toBe(student(name));
  });

  it("counts a group's own relevant items alone", async () => {
    const { dataset } = run;
    const young = of("young").find(({ group }) => group === "1")!;
    const { users, own } = await firstFive();
    const relevant = setsOf(interactions(dataset, "test", { label: "good" }), users.numbers);
    const recalls = Array.from(users.numbers, (user, place) => {
      const age = Number(dataset.users.ids[user]!.slice(1)) % 5;
      const seen = new Set(users.seen.items.subarray(users.seen.offsets[place]!, users.seen.offsets[place + 1]!));
      const wanted = [...relevant.items.subarray(relevant.offsets[place]!, relevant.offsets[place + 1]!)].filter(
        (item) => !seen.has(item),
      );
      if (age >= 2 || wanted.length === 0) return undefined;
      return wanted.filter((item) => own[place]!.includes(item)).length / wanted.length;
    }).filter((value) => value !== undefined);
    expect(young.users).toBe(recalls.length);
    expect(young.metrics["recall@5"]).toBeCloseTo(meanOf(recalls), 12);
  });

  it("refuses a wrong kind, column or expression", async () => {
    expect(() => readRunConfig(file, ["evaluate.slices={ x: { by: popularty } }"])).toThrow(
      'did you mean "popularity"?',
    );
    const sets = ["evaluate.slices={ x: { by: column, column: huor } }"];
    await expect(finishRun(file, join(folder, "wrong"), { sets })).rejects.toThrow(
      'evaluate.slices.x.column: must name a column of the data (user, age, item, topic, hour, day, rating), got "huor"; did you mean "hour"?',
    );
  });
});
