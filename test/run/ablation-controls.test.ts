import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ablationConfig, readAblationConfig } from "../../src/run/ablation/ablation-config.ts";
import { filledSets } from "../../src/run/ablation/execute-plan.ts";
import { planAblation } from "../../src/run/ablation/plan.ts";
import { writeSmallRun } from "./small-run.ts";

const LABEL = { "student.losses": [{ kind: "binary-cross-entropy", label: "top" }] };
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "twinstill-controls-"));
  writeSmallRun(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const plan = (config: object) =>
  planAblation(
    join(folder, "ablation.yaml"),
    ablationConfig.parse({ base: "run.yaml", metrics: ["student/recall@5"], seeds: [1], set: LABEL, ...config }),
  );
const reasons = (config: object) => Object.fromEntries(plan(config).notMade.map(({ name, reason }) => [name, reason]));

describe("controls", () => {
  it("stand beside the variants of a distilled student by default, with the same budget", () => {
    const { runs, showsTeacher, notMade } = plan({});
    expect(runs.map(({ variant }) => variant)).toEqual([
      "base",
      "alone",
      "self-distilled",
      "warm-start",
      "label-smoothing",
    ]);
    expect([showsTeacher, notMade]).toEqual([true, []]);
    const of = (name: string) => runs.find(({ variant }) => variant === name)!.resolved.config;
    const base = of("base");
    for (const name of ["alone", "warm-start", "label-smoothing"])
      expect([of(name).distill[0]!.weight, of(name).train, of(name).negatives]).toEqual([
        0,
        base.train,
        base.negatives,
      ]);
    expect(of("label-smoothing").student!.losses[0]).toMatchObject({ smoothing: 0.1 });
    expect(of("self-distilled")).toMatchObject({ frozen: { model: "student" }, distill: base.distill });
    expect([of("self-distilled").teacher, of("self-distilled").train.teacher]).toEqual([undefined, undefined]);
  });

  it("name the run of their seed that they need, and find its folder from the configuration", () => {
    const { runs } = plan({ seeds: [4, 5] });
    const needed = runs.flatMap(({ variant, seed, needs }) =>
      needs ? [[variant, seed, needs.variant, needs.seed]] : [],
    );
    expect(needed).toEqual([
      ["self-distilled", 4, "alone", 4],
      ["self-distilled", 5, "alone", 5],
      ["warm-start", 4, "base", 4],
      ["warm-start", 5, "base", 5],
    ]);
    const own = runs.find(({ variant }) => variant === "self-distilled")!;
    expect(filledSets(own, join(folder, "out/runs/alone-s4"))).toContain(
      'frozen={ run: "out/runs/alone-s4", model: student }',
    );
  });

  it("can be named, given more settings, or left out", () => {
    const names = (controls: unknown) => plan({ controls }).runs.map(({ variant }) => variant);
    expect(names([])).toEqual(["base"]);
    expect(names(["self-distilled"])).toEqual(["base", "alone", "self-distilled"]);
    const { runs } = plan({ controls: { "label-smoothing": { "student.losses.0.smoothing": 0.3 } } });
    expect(runs.at(-1)!.resolved.config.student!.losses[0]).toMatchObject({ smoothing: 0.3 });
    writeFileSync(join(folder, "wrong.yaml"), "base: run.yaml\ncontrols: [alnoe]\nmetrics: [student/recall@5]\n");
    expect(() => readAblationConfig(join(folder, "wrong.yaml"))).toThrow(
      "controls: must be a list of alone, self-distilled, teacher, warm-start, label-smoothing, or a map of them to more settings; [] for none",
    );
  });

  it("that cannot be made are said with the reason", () => {
    expect(reasons({ set: {} })).toEqual(
      Object.fromEntries(
        ["alone", "self-distilled", "warm-start", "label-smoothing"].map((name) => [
          name,
          `without the teacher the student would learn nothing: student.losses is empty; give controls: { ${name}: { student.losses: [...] } }`,
        ]),
      ),
    );
    const softmax = { "student.losses": [{ kind: "in-batch-softmax", label: "seen" }] };
    expect(reasons({ set: softmax })).toEqual({
      "label-smoothing": "no loss of the student is a binary-cross-entropy, whose labels can be smoothed",
    });
    const latent = { ...LABEL, distill: [{ name: "kd", head: "ctr", kind: "hint-mse" }] };
    expect(reasons({ set: latent })).toEqual({
      "self-distilled": 'term "kd" learns from a ranker\'s layers, which a student does not have',
    });
    expect(reasons({ set: { ...LABEL, distill: [] }, controls: ["alone"] })).toEqual({
      alone: "the base distils nothing: it has no student, or no distill terms",
    });
    expect(plan({ set: { ...LABEL, distill: [] } }).runs).toHaveLength(1);
  });

  it("may not repeat a variant made by hand, nor share its name", () => {
    expect(() => plan({ variants: { mine: { "distill.0.weight": 0 } } })).toThrow(
      'ablation: variants must differ, got "mine" and "alone" with equal settings; "alone" is a control that runs by default: leave "mine" out',
    );
    expect(() => plan({ variants: { alone: { "train.epochs": 2 } } })).toThrow(
      'ablation: names must differ, got "alone" twice; controls and the base have names of their own',
    );
  });
});

describe("features", () => {
  it("are dropped from a model, one at a time, with what else names them", () => {
    const products = { ...LABEL, "teacher.products": [{ left: "user", right: "item" }], "teacher.wide": ["item"] };
    const { runs, notMade, permuted } = plan({
      set: products,
      controls: [],
      features: { permute: ["topic", "hour"], drop: { teacher: ["item", "hour"], student: "all" } },
    });
    const names = runs.map(({ variant }) => variant.replace("without-", ""));
    expect(names).toEqual([
      "base",
      "teacher-item",
      "teacher-hour",
      "student-user",
      "student-age",
      "student-item",
      "student-topic",
    ]);
    expect(runs[1]!.settings).toEqual({
      "teacher.features": ["user", "age", "topic", "hour"],
      "teacher.products": [],
      "teacher.wide": [],
    });
    expect(runs[3]!.resolved.config.student).toMatchObject({ userFeatures: ["age"] });
    expect([notMade, permuted]).toEqual([[], ["topic", "hour"]]);
  });

  it("that are a tower's only one stay, and wrong names are told", () => {
    const one = { ...LABEL, "student.itemFeatures": ["item"] };
    expect(reasons({ set: one, controls: [], features: { drop: { student: ["item"] } } })).toEqual({
      "without-student-item": '"item" is the only one of student.itemFeatures',
    });
    expect(() => plan({ features: { drop: { student: ["topci"] } } })).toThrow(
      'features.drop.student: must name features that the model sees (user, age, item, topic), got "topci"; did you mean "topic"?',
    );
    expect(() => plan({ features: { permute: ["huor"] } })).toThrow(
      'features.permute: must name features that the model sees (user, age, item, topic, hour), got "huor"; did you mean "hour"?',
    );
    expect(plan({ features: { permute: "all" } }).permuted).toEqual(["user", "age", "item", "topic", "hour"]);
  });
});

describe("a wrong ablation file", () => {
  it.each([
    ["seeds: [1, 1]", "seeds: must differ, got 1 twice"],
    ["metrics: [student/recall@5, student/recall@5]", 'metrics: must differ, got "student/recall@5" twice'],
    ["search: { space: {}, candidates: 4, rungs: [1], metric: x }", "search.space: must name a setting"],
    ["search: { space: { train.epochs: [1] }, candidates: 4, rungs: [2, 2], metric: x }", "search.rungs: must rise"],
  ])("%s", (line, message) => {
    const lines = ["base: run.yaml", "metrics: [student/recall@5]", line];
    const own = lines.filter((text, i) => i === 2 || text.split(":")[0] !== line.split(":")[0]);
    writeFileSync(join(folder, "bad.yaml"), `${own.join("\n")}\n`);
    expect(() => readAblationConfig(join(folder, "bad.yaml"))).toThrow(message);
  });
});
