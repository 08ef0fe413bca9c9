import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ablationConfig } from "../../src/run/ablation/ablation-config.ts";
import type { RunOutcome } from "../../src/run/ablation/execute-plan.ts";
import { measuredRows } from "../../src/run/ablation/measured-rows.ts";
import { planAblation } from "../../src/run/ablation/plan.ts";
import { ablationResults } from "../../src/run/ablation/results.ts";
import { runCommand } from "../cli/run-command.ts";
import { writeSmallRun } from "./small-run.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "twinstill-ablation-"));
  writeSmallRun(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const plan = (config: object) =>
  planAblation(
    join(folder, "ablation.yaml"),
    ablationConfig.parse({ base: "run.yaml", metrics: ["student/recall@5"], seeds: [1], controls: [], ...config }),
  );
const names = (config: object): string[] => plan(config).runs.map(({ variant }) => variant);
const AXES = {
  "distill.0.temperature": [2, 4],
  size: {
    small: { "student.userUnits": [2], "student.itemUnits": [2] },
    big: { "student.userUnits": [8], "student.itemUnits": [8] },
  },
};

describe("planAblation", () => {
  it("takes all combinations, one factor at a time, or all but one", () => {
    expect(names({ axes: AXES })).toEqual([
      "base",
      "distill.0.temperature=2,small",
      "distill.0.temperature=2,big",
      "distill.0.temperature=4,small",
      "distill.0.temperature=4,big",
    ]);
    expect(names({ axes: AXES, design: "one-factor" })).toEqual([
      "base",
      "distill.0.temperature=2",
      "distill.0.temperature=4",
      "small",
      "big",
    ]);
    expect(names({ axes: AXES, design: "leave-one-out" })).toEqual([
      "base",
      "all",
      "without-distill.0.temperature=2",
      "without-small",
    ]);
    const { config } = plan({ axes: AXES }).runs[3]!.resolved;
    expect(config.distill[0]).toMatchObject({ temperature: 4 });
    expect(config.student!.userUnits).toEqual([2]);
  });

  it("runs each variant with each seed, leaves out what is excluded, and keeps shared settings for the base too", () => {
    const { runs } = plan({
      axes: AXES,
      seeds: [5, 6],
      exclude: [{ "distill.0.temperature": 4, "student.userUnits": [8] }],
      set: { "train.epochs": 2 },
    });
    expect(runs).toHaveLength(8);
    expect(new Set(runs.map(({ seed }) => seed))).toEqual(new Set([5, 6]));
    for (const { resolved } of runs) expect(resolved.config.train.epochs).toBe(2);
  });

  it("refuses paths that are not there, values out of range and equal variants, before anything runs", () => {
    expect(() => names({ axes: { "distill.0.temprature": [2] } })).toThrow(
      'variant "distill.0.temprature=2": --set distill.0: unknown key "temprature"; did you mean "temperature"?',
    );
    expect(() => names({ axes: { "student.inputDropout": [1.5] } })).toThrow('variant "student.inputDropout=1.5"');
    expect(() => names({ variants: { same: {} } })).toThrow(
      'ablation: variants must differ, got "base" and "same" with equal settings; the base runs by itself, so leave its values out of the axes',
    );
  });
});

describe("ablationResults", () => {
  const outcome = (variant: string, seed: number, value: number | null): RunOutcome => {
    const run = { ...plan({}).runs[0]!, variant, seed, isBase: variant === "base" };
    const result = {
      folder: "",
      reason: "done" as const,
      steps: 1,
      seconds: 2,
      models: { student: { values: 10, fingerprint: "" } },
      test: { student: { "recall@5": value, "ctr/logloss": value } },
    };
    return { kind: "done", run, folder: "", result, reused: false, command: "", users: new Map() };
  };

  it("pairs by seed, keeps the metric's direction, and corrects over the whole table", () => {
    const outcomes = [
      outcome("base", 1, 0.5),
      outcome("base", 2, 0.6),
      outcome("base", 3, 0.4),
      outcome("x", 3, 0.5),
      outcome("x", 1, 0.62),
      outcome("x", 2, 0.69),
    ];
    const [, x] = ablationResults(measuredRows({ outcomes }), ["student/recall@5", "student/ctr/logloss"]);
    const [recall, logloss] = x!.metrics;
    expect(recall).toMatchObject({
      direction: "max",
      mean: expect.closeTo(0.60333, 4),
      gain: expect.closeTo(0.10333, 4),
    });
    expect(logloss).toMatchObject({ direction: "min", gain: expect.closeTo(-0.10333, 4) });
    expect(recall!.pValue).toBeLessThan(0.05);
    expect(recall!.adjustedP).toBeCloseTo(2 * recall!.pValue!, 10);
    expect(recall!.interval![0]).toBeLessThan(recall!.gain!);
  });

  it("says so where there is nothing to test: one seed, no value, the base itself", () => {
    const [base, x] = ablationResults(measuredRows({ outcomes: [outcome("base", 1, 0.5), outcome("x", 1, 0.7)] }), [
      "student/recall@5",
    ]);
    expect(base!.metrics[0]!.untested).toBe("the base");
    expect(x!.metrics[0]).toMatchObject({
      gain: expect.closeTo(0.2, 10),
      pValue: null,
      untested: "a paired test needs 2 seeds or more, got 1",
    });
    const [, y] = ablationResults(measuredRows({ outcomes: [outcome("base", 1, 0.5), outcome("y", 1, null)] }), [
      "student/recall@5",
    ]);
    expect(y!.metrics[0]).toMatchObject({ mean: null, untested: "no seed with a value here and in the base" });
  });

  it("refuses a metric that no run has, naming the nearest", () => {
    expect(() => ablationResults(measuredRows({ outcomes: [outcome("base", 1, 0.5)] }), ["student/recal@5"])).toThrow(
      'metrics: must name metrics of the runs, got "student/recal@5"; did you mean "student/recall@5"?',
    );
  });
});

describe("twinstill ablate", () => {
  it("runs the plan in processes, keeps failures as rows, and does not run finished ones again", {
    timeout: 240_000,
  }, async () => {
    const file = join(folder, "ablation.yaml");
    writeFileSync(
      file,
      "base: run.yaml\nset: { train.epochs: 2 }\nvariants:\n  warm: { distill.0.temperature: 3 }\n  broken: { train.student.rate: 1.0e+30, train.epochs: 40 }\ncontrols: []\nseeds: [1, 2]\nmetrics: [student/recall@5, student/ctcvr/auc]\n",
    );
    const args = ["ablate", "--config", file, "--out", join(folder, "out"), "--jobs", "2", "--json"];
    const first = await runCommand(args);
    expect(first.code).toBe(3);
    expect(first.err).toMatch(/broken, seed 1 failed: .*loss must be finite/);
    expect(first.err.match(/ done in /g)).toHaveLength(4);
    const { rows } = JSON.parse(first.out);
    expect(rows.map(({ variant, metric }: { variant: string; metric: string }) => `${variant} ${metric}`)).toEqual(
      ["base", "warm", "broken"].flatMap((name) => [`${name} student/recall@5`, `${name} student/ctcvr/auc`]),
    );
    const markdown = readFileSync(join(folder, "out", "results.md"), "utf8");
    expect(markdown).toMatch(/\| `broken` \| 0 of 2 \| - \|/);
    expect(markdown).toContain("Failed runs:");
    expect(readFileSync(join(folder, "out", "results.csv"), "utf8").split("\n")[0]).toContain(
      "variant,kind,settings,metric,direction",
    );
    expect(
      await parquetReadObjects({ file: await asyncBufferFromFile(join(folder, "out", "results.parquet")) }),
    ).toHaveLength(6);
    const second = await runCommand(args);
    expect(second.err.match(/was finished already/g)).toHaveLength(4);
    expect(JSON.parse(second.out).rows.slice(0, 4)).toEqual(rows.slice(0, 4));
  });
});
