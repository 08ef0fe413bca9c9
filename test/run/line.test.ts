import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openStore } from "../../src/distill/scores/open-store.ts";
import { readRunConfig } from "../../src/run/config/run-config.ts";
import { parseDays, readLineConfig } from "../../src/run/line/line-config.ts";
import { planLine } from "../../src/run/line/plan-line.ts";
import { runCommand } from "../cli/run-command.ts";
import { writeOffline } from "./offline-setting.ts";

let folder: string;
const at = (name: string): string => join(folder, name);
const METRICS = "metrics: [ctr/auc, recall@5]";
const LINE = `
steps:
  - { name: teacher, train: teacher.yaml, set: { train.epochs: 1 } }
  - { name: scores, score: student.yaml, teacher: teacher, set: { score.heads: [ctcvr] } }
  - { name: student, train: distill.yaml, scores: scores, start: { run: teacher }, set: { train.epochs: 1 } }
  - { name: alone, train: student.yaml, set: { train.epochs: 1 } }
${METRICS}
`;
/** Teacher of day t on the days up to t, student of the day after, tested on the day after that. */
const DAYS = `
steps:
  - name: teacher
    train: teacher.yaml
    start: { run: teacher, previousDay: true, weights: true }
    set: { train.epochs: 1, data.split: { by: expression, train: "day <= {day}", test: "day == {after}" } }
  - name: scores
    score: student.yaml
    teacher: teacher
    set: { data.split: { by: expression, train: "day == {next}" }, score: {} }
  - name: student
    train: distill.yaml
    scores: scores
    start: { run: student, previousDay: true, weights: true }
    set:
      train.epochs: 1
      data.split: { by: expression, history: "day <= {day}", train: "day == {next}", test: "day == {after}" }
days: { from: 5, to: 6 }
${METRICS}
`;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "twinstill-line-"));
  writeOffline(folder);
  writeFileSync(at("line.yaml"), LINE);
  writeFileSync(at("days.yaml"), DAYS);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const line = (config: string, out: string, ...args: readonly string[]) =>
  runCommand(["line", "--config", at(config), "--out", at(out), ...args]);

describe("a line", () => {
  it("trains, scores, distils and tabulates; what is finished is not run again", async () => {
    const first = await line("line.yaml", "out");
    expect(first).toMatchObject({ code: 0 });
    expect(first.err.match(/^line: .*$/gm)).toEqual(
      ["teacher", "scores", "student", "alone"].map((n) => `line: ${n} begun`),
    );
    const table = readFileSync(at("out/table.md"), "utf8");
    expect(table.split("\n")[0]).toBe("| run | ctr/auc | recall@5 |");
    expect(table.match(/^\| [a-z]+ (?:teacher|student) \| 0\.\d{4} \| 0\.\d{4} \|$/gm)).toHaveLength(3);
    expect((await openStore(at("out/scores"))).manifest.heads).toEqual(["ctcvr"]);
    const made = statSync(at("out/student/result.json")).mtimeMs;
    const again = await line("line.yaml", "out");
    expect(again.err.match(/^line: .*$/gm)).toEqual([
      "line: teacher finished before",
      "line: scores resumed",
      "line: student finished before",
      "line: alone finished before",
    ]);
    expect(again.err).not.toMatch(/shard/);
    expect(again.out).toBe(first.out);
    expect(statSync(at("out/student/result.json")).mtimeMs).toBe(made);
    const other = await line("line.yaml", "out", "--seed", "9");
    expect(other).toMatchObject({ code: 2, err: expect.stringContaining("step teacher: ") });
    expect(other.err).toMatch(/must hold the step's own run, got run\.seed = 3 where the step has 9; remove it/);
  });

  it("goes on where a signal stopped it, to the same result", async () => {
    const stopped = await runCommand(["line", "--config", at("line.yaml"), "--out", at("stopped")], (text, signal) => {
      if (text.startsWith("scores: ") || text.includes("rows to score")) signal("SIGINT");
    });
    expect(stopped).toMatchObject({ code: 130 });
    expect(stopped.err).toContain("the same command goes on from there");
    await line("line.yaml", "stopped");
    expect(readFileSync(at("stopped/table.md"), "utf8")).toBe(readFileSync(at("out/table.md"), "utf8"));
  });

  it("names what is wrong before the first step", async () => {
    writeFileSync(
      at("wrong.yaml"),
      LINE.replace("teacher: teacher, set", "teacher: techer, set").replace("scores: scores,", "scores: alone,"),
    );
    expect(() => readLineConfig(at("wrong.yaml"))).toThrow(
      /steps\.1\.teacher: must name an earlier train step, got "techer"\n.*steps\.2\.scores: must name an earlier score step, got "alone"/,
    );
    const late = await line("line.yaml", "late", "--set", "x=1");
    expect(late.code).toBe(2);
    writeFileSync(
      at("typo.yaml"),
      LINE.replace("student.yaml, set: { train.epochs: 1 }", "student.yaml, set: { train.epoch: 1 }"),
    );
    const typo = await line("typo.yaml", "typo");
    expect(typo).toMatchObject({ code: 2, err: expect.stringContaining('did you mean "epochs"?') });
    expect(typo.err).not.toContain("line: teacher");
    expect(() => planLine(readLineConfig(at("line.yaml")), { out: "x", days: parseDays("3..1") })).not.toThrow();
    expect(() => parseDays("3-1")).toThrow('--days: must be first..last, got "3-1"');
  });
});

describe("a line's own settings", () => {
  const write = (head: string): void =>
    writeFileSync(
      at("seeded.yaml"),
      LINE.replace("steps:", `${head}\nset: { data.split: null, train.epochs: 2 }\nsteps:`),
    );
  const plan = (seed?: number) =>
    planLine(readLineConfig(at("seeded.yaml")), { out: "x", ...(seed !== undefined && { seed }) });

  it("stand below those of each step; the seed is the line's, or the one that is named", () => {
    write("seed: 4");
    expect(plan()[0]!.sets).toEqual(["data.split=null", "train.epochs=2", "train.epochs=1", "seed=4"]);
    expect(plan(0).map(({ sets }) => sets.filter((text) => text.startsWith("seed")))).toEqual(
      Array(4).fill(["seed=0"]),
    );
  });

  it("give {seed} as a number, and as a part of a text", () => {
    writeFileSync(
      at("seeded.yaml"),
      LINE.replace("steps:", 'seed: 4\nset: { data.split.seed: "{seed}", data.source: "part-{seed}.csv" }\nsteps:'),
    );
    for (const { sets } of plan(7)) expect(sets.slice(0, 2)).toEqual(["data.split.seed=7", 'data.source="part-7.csv"']);
    writeFileSync(at("seeded.yaml"), LINE.replace("steps:", 'set: { data.split.seed: "{seed}" }\nsteps:'));
    expect(() => plan()).toThrow("set: {seed} must stand in a line with a seed, got none; give seed, or --seed");
  });
});

describe("the lines of the examples", () => {
  const lines = ["insteval/offline.yaml", "ml-100k/setting-a.yaml", "ml-100k/setting-b.yaml"];

  it.each(lines)("%s names configurations that are valid with what its steps set", (name) => {
    const plan = planLine(readLineConfig(join("examples", name)), { out: "x", seed: 3 });
    for (const { config, sets } of plan) expect(readRunConfig(config, sets).config.seed).toBe(3);
  });

  it("part the rows of MovieLens in another way for each seed", () => {
    for (const { config, sets } of planLine(readLineConfig("examples/ml-100k/setting-b.yaml"), { out: "x", seed: 3 }))
      expect(readRunConfig(config, sets).config.data.split).toMatchObject({ by: "ratio", seed: 3 });
  });
});

describe("rolling days", () => {
  it("walk with warm start: each teacher has seen the days before the rows that it scores", async () => {
    const { code, err, out } = await line("days.yaml", "rolling");
    expect({ code, err: code === 0 ? "" : err }).toEqual({ code: 0, err: "" });
    expect(out.match(/day \d (?:teacher teacher|student student)/g)).toEqual(
      [5, 6].flatMap((day) => [`day ${day} teacher teacher`, `day ${day} student student`]),
    );
    for (const day of [5, 6]) {
      const { manifest } = await openStore(at(`rolling/day-${day}/scores`));
      expect(manifest.day).toEqual({ column: "day", from: day + 1, to: day + 1 });
      expect(manifest.teacher).toMatchObject({ trained: { days: { from: 0, to: day } } });
    }
    const config = JSON.parse(readFileSync(at("rolling/day-6/student/config.resolved.json"), "utf8")).config.run;
    expect(config.start).toMatchObject({ weights: at("rolling/day-5/student"), encoding: at("rolling/day-5/student") });
  });

  it("are refused where a teacher would score a day that it has seen", async () => {
    writeFileSync(at("leak.yaml"), DAYS.replace('train: "day == {next}" }, score', 'train: "day == {day}" }, score'));
    const { code, err } = await line("leak.yaml", "leak", "--days", "5..5");
    expect(code).toBe(3);
    expect(err).toMatch(/twinstill score: rows must be new to the teacher, got 50 of data.csv/);
  });

  it("may fall, and need their placeholders' days", () => {
    const config = readLineConfig(at("days.yaml"));
    const plan = planLine(config, { out: "/x", days: parseDays("6..5") });
    expect(plan[0]!.sets).toContain('data.split={"by":"expression","train":"day <= 6","test":"day == 4"}');
    expect(plan[3]!.sets).toContain('start.weights="/x/day-6/teacher"');
    const { days: _, ...without } = config.config;
    expect(() => planLine({ ...config, config: without }, { out: "/x" })).toThrow(
      "steps.teacher.set: {day} must stand in a line with days, got none; give --days",
    );
  });
});
