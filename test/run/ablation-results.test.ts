import { describe, expect, it } from "vitest";
import { ablationMarkdown, ablationRecords, toCsv } from "../../src/report/ablation-table.ts";
import type { MeasuredRow, MeasuredSeed } from "../../src/run/ablation/measured-rows.ts";
import { measuredRows } from "../../src/run/ablation/measured-rows.ts";
import type { PermutedOutcome } from "../../src/run/ablation/permuted-rows.ts";
import { meanEvaluation } from "../../src/run/ablation/permuted-rows.ts";
import { ablationResults } from "../../src/run/ablation/results.ts";

const METRIC = "student/recall@5";
const USERS = 40;

/** A seed in which each user's recall is given, and the mean of all of them. */
function seedOf(seed: number, recall: (user: number) => number, metric = METRIC): MeasuredSeed {
  const users = new Map(Array.from({ length: USERS }, (_, user) => [`u${user}`, recall(user)] as const));
  const mean = [...users.values()].reduce((sum, value) => sum + value, 0) / USERS;
  const result = {
    folder: "runs/x",
    reason: "done" as const,
    steps: 10,
    seconds: 4,
    models: { student: { values: 100, fingerprint: "" } },
    test: { student: { "recall@5": mean } },
    cost: { wallSeconds: 6, stepsPerSecond: 5, peakMemoryBytes: 2e8, flopsPerScore: { student: 640 } },
  };
  return {
    seed,
    command: "twinstill train",
    metric: (name) => (name === metric ? mean : null),
    users: new Map([[metric, users]]),
    result,
  };
}

const rowOf = (variant: string, kind: MeasuredRow["kind"], seeds: readonly MeasuredSeed[]): MeasuredRow => ({
  ...{ variant, kind, settings: {}, seeds },
});
const alone = (seed: number) => seedOf(seed, (user) => (user % 4 === 0 ? 1 : 0));
const distilled = (seed: number) => seedOf(seed, (user) => (user % 2 === 0 ? 1 : 0));
const teacher = (seed: number) => seedOf(seed, (user) => (user % 4 === 3 ? 0 : 1));
const SEEDS = [1, 2];
const ROWS = [
  rowOf("base", "base", SEEDS.map(distilled)),
  rowOf("alone", "control", SEEDS.map(alone)),
  rowOf("teacher", "control", SEEDS.map(teacher)),
];

describe("ablationResults", () => {
  it("has an interval over users beside that over seeds", () => {
    const [base, own] = ablationResults(ROWS, [METRIC]);
    expect(base!.metrics[0]!.overUsers).toBeNull();
    const { gain, overUsers, untested } = own!.metrics[0]!;
    expect(gain).toBeCloseTo(-0.25, 12);
    expect(untested).toBe("every seed gives the same difference");
    expect(overUsers!.users).toBe(USERS);
    // A quarter of the users lose 1: the mean's standard error is sqrt(.25 * .75 / 40) = .068.
    const [low, high] = overUsers!.interval!;
    expect([low, high].map((end) => Math.round(20 * end) / 20)).toEqual([-0.4, -0.1]);
  });

  it("says what share of the teacher's gain the distilled student kept, with its interval", () => {
    const [base, own] = ablationResults(ROWS, [METRIC]);
    const kept = base!.metrics[0]!.kept!;
    // alone .25, distilled .5, teacher .75
    expect(kept).toMatchObject({ kind: "share", over: "users", share: expect.closeTo(0.5, 12) });
    if (kept.kind === "share") {
      expect(kept.interval![0]).toBeGreaterThan(0.2);
      expect(kept.interval![1]).toBeLessThan(0.8);
    }
    expect(own!.metrics[0]!.kept).toBeNull();
    const weak = [...ROWS.slice(0, 2), rowOf("teacher", "control", SEEDS.map(alone))];
    expect(ablationResults(weak, [METRIC])[0]!.metrics[0]!.kept).toEqual({
      kind: "undefined",
      reason: "the teacher is no better than the student alone",
    });
  });

  it("draws seeds where the metric is no mean over users, and one seed has no interval", () => {
    const without = (rows: readonly MeasuredRow[]) =>
      rows.map((row) => ({ ...row, seeds: row.seeds.map((seed) => ({ ...seed, users: new Map() })) }));
    const kept = ablationResults(without(ROWS), [METRIC])[0]!.metrics[0]!.kept!;
    expect(kept).toMatchObject({ over: "seeds", interval: [0.5, 0.5] });
    const one = ROWS.map((row) => ({ ...row, seeds: row.seeds.slice(0, 1) }));
    expect(ablationResults(without(one), [METRIC])[0]!.metrics[0]!.kept).toMatchObject({
      over: "seeds",
      interval: null,
    });
  });
});

describe("measuredRows", () => {
  const permuted = (column: string, seed: number, value: number): PermutedOutcome => ({
    ...{ column, seed, command: "twinstill evaluate", evaluation: { student: { "recall@5": value } } },
  });

  it("sets permuted columns and the teacher in the student's place beside the base", () => {
    const run = { variant: "base", kind: "base", seed: 1, settings: {}, sets: [], isBase: true } as never;
    const users = new Map([["teacher/recall@5", new Map([["u1", 1]])]]);
    const result = {
      ...seedOf(1, () => 0.5).result!,
      test: { student: { "recall@5": 0.5 }, teacher: { "recall@5": 0.75 } },
    };
    const outcome = {
      kind: "done" as const,
      run,
      folder: "runs/base",
      result,
      reused: false,
      command: "twinstill train",
      users,
    };
    const rows = measuredRows({ outcomes: [outcome], permuted: [permuted("age", 1, 0.3)], showsTeacher: true });
    expect(rows.map(({ variant, kind }) => [variant, kind])).toEqual([
      ["base", "base"],
      ["teacher", "control"],
      ["permuted-age", "permuted"],
    ]);
    expect(rows[1]!.seeds[0]).toMatchObject({ command: "twinstill evaluate --run runs/base" });
    expect(rows.map(({ seeds }) => seeds[0]!.metric(METRIC))).toEqual([0.5, 0.75, 0.3]);
    expect(ablationResults(rows, [METRIC])[2]!.metrics[0]!.gain).toBeCloseTo(-0.2, 12);
    expect(ablationResults(rows, [METRIC])[2]!.cost).toBeNull();
  });

  it("takes the mean of permutations, undefined where one is", () => {
    const evaluations = [{ student: { a: 1, b: null } }, { student: { a: 3, b: 2 } }];
    expect(meanEvaluation(evaluations)).toEqual({ student: { a: 2, b: null } });
  });
});

describe("ablationMarkdown", () => {
  it("shows gains, kept shares, costs, and what was not made", () => {
    const results = ablationResults(ROWS, [METRIC]);
    const notMade = [{ name: "warm-start", reason: "there is no teacher" }];
    const markdown = ablationMarkdown({ results, metrics: [METRIC], notMade });
    expect(markdown).toContain("| `alone` | 2 | 0.2500 ± 0.0000 | -0.2500 (-) users [-0.");
    expect(markdown).toMatch(/\| `base` \| 0\.50 \[0\.\d\d, 0\.\d\d\] \|/);
    expect(markdown).toContain("| `base` | 4.0 | 6.0 | 5.0 | 200.0 | student 100 | student 640 |");
    expect(markdown).toContain("- `warm-start`: there is no teacher");
    const [record] = ablationRecords(results);
    expect(record).toMatchObject({
      kind: "base",
      keptShare: 0.5,
      wallSeconds: 6,
      peakMemoryBytes: 2e8,
      direction: "max",
    });
    expect(toCsv([{ a: 'x,"y"', b: null }])).toBe('a,b\n"x,""y""",\n');
  });

  it("says that one seed has no test", () => {
    const one = ROWS.map((row) => ({ ...row, seeds: row.seeds.slice(0, 1) }));
    const results = ablationResults(one, [METRIC]);
    expect(results[1]!.metrics[0]!.untested).toBe("a paired test needs 2 seeds or more, got 1");
    expect(ablationMarkdown({ results, metrics: [METRIC] })).toContain("One seed only: there is no test over seeds");
  });
});
