import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listAges } from "../../src/report/cascade-lists.ts";
import { runCommand } from "../cli/run-command.ts";
import { writeSmallCascade } from "../run/small-cascade.ts";

let folder: string;
let config: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "twinstill-cascade-report-"));
  config = await writeSmallCascade(folder);
  await runCommand(["cascade", "--config", config, "--out", at("one"), "--quiet"]);
  await runCommand(["cascade", "--config", config, "--out", at("two"), "--quiet", "--set", "rounds=1"]);
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (...names: string[]): string => join(folder, ...names);
const text = (...names: string[]): string => readFileSync(at(...names), "utf8");
const lines = (...names: string[]): Record<string, number>[] =>
  text(...names)
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
const values = (figure: string): Record<string, unknown>[] =>
  JSON.parse(text("report", "figures", `${figure}.vl.json`)).data.values;

describe("twinstill report over cascades", () => {
  it("shows stages, the shown list, rounds, loss by space, age of lists and time", async () => {
    const { code } = await runCommand(["report", at("one"), at("two"), "--out", at("report"), "--quiet"]);
    expect(code).toBe(0);
    const page = text("report", "index.html");
    expect([...page.matchAll(/<h2[^>]*>([^<]+)/g)].map((match) => match[1])).toEqual([
      "In short",
      "What was asked",
      "Data",
      "Stages of the cascade",
      "Rounds and spaces: one",
      "Rounds and spaces: two",
      "Time, memory and commands",
    ]);
    const { test } = JSON.parse(text("one", "result.json"));
    const { recall } = test;
    const stages = text("report", "tables", "stages.csv");
    const row = [recall["recall@16"], recall["recall@16@4"], recall.opa, recall["kendall-tau"], recall["ctr/auc"]];
    expect(stages).toContain(`one: recall,16,${row.join(",")},`);
    expect(text("report", "tables", "cascade.csv")).toContain(`\nrecall@4,${test.cascade["recall@4"]},`);
    const differing = text("report", "report.md");
    expect(differing).toContain("| rounds | 2 | 1 |");
    expect(differing).toContain("One seed a run");
  });

  it("draws recall@m@k of each stage by round, the end beside the last round", () => {
    const logged = lines("one", "metrics.jsonl").filter((line) => "val/recall/recall@16@4" in line);
    const drawn = values("one-rounds-kept").filter(({ stage }) => stage === "recall, recall@16@4");
    expect(drawn.map(({ value }) => value)).toEqual(logged.map((line) => line["val/recall/recall@16@4"]));
    expect(drawn.map(({ round }) => round)).toEqual(["warm-up", "1", "2", "end"]);
  });

  it("draws the loss of each space with gaps where a phase does not train on it", () => {
    const drawn = values("one-loss-pool").filter(({ term }) => term === "recall, tutor-learning, from pre-rank");
    const key = "loss/recall/tutor-learning/pool/from-pre-rank";
    const logged = lines("one", "metrics.jsonl").filter((line) => key in line);
    expect(drawn.map(({ step, value }) => [step, value])).toEqual(logged.map((line) => [line.step, line[key]]));
    expect(new Set(drawn.map(({ stroke }) => stroke)).size).toBe(2);
  });

  it("tells the age of the lists at the end of each phase", () => {
    const phases = lines("one", "phases.jsonl");
    const [head, ...rows] = text("report", "tables", "one-ages.csv").trim().split("\n");
    expect(head).toBe("phase,round,space,built at step,age,exposed share,changed share");
    const first = phases.find((line) => line.phase === ("self" as unknown))!;
    const pool = (first.lists as unknown as Record<string, Record<string, number>>).pool!;
    expect(rows[0]).toBe(`self,1,pool,${pool.builtAtStep},${first.steps},${pool.exposedShare},`);
  });

  it("reports on a cascade that was stopped, a cut line of phases included", async () => {
    rmSync(at("two", "result.json"));
    writeFileSync(at("two", "phases.jsonl"), `${text("two", "phases.jsonl").split("\n")[0]}\n{"step": 9, "ph`);
    const { code, err } = await runCommand(["report", at("two"), "--quiet"]);
    expect(code).toBe(0);
    expect(err).toContain("missing: two: the test result: the run is not finished (result.json)");
    expect(err).toContain("missing: two: the end of the last line of phases.jsonl, which was cut off");
    expect(text("two", "report", "report.md")).toContain("two is not finished.");
  });
});

describe("listAges", () => {
  it("counts from the building, over phases that use the lists again", () => {
    const config = { warmUp: [], round: [phase("p", "pool"), phase("q", "pool", "rows")], finish: [] };
    const build = { seconds: 1, builtAtStep: 0, exposedShare: 0.5, changedShare: null };
    const times = { seconds: 1, tutorSeconds: 0, waitSeconds: 0, stepSeconds: 1 };
    const phases = [
      { phase: "p", round: 1, step: 10, steps: 10, lists: { pool: build }, ...times },
      { phase: "q", round: 1, step: 25, steps: 15, lists: {}, ...times },
    ];
    const ages = listAges({ config, phases });
    expect(ages.map(({ phase: name, space, from, to, age }) => [name, space, from, to, age])).toEqual([
      ["p", "pool", 0, 10, 10],
      ["q", "pool", 10, 25, 25],
    ]);
    expect(ages.map(({ build: own }) => own)).toEqual([build, undefined]);
  });
});

function phase(name: string, ...spaces: string[]) {
  return { name, terms: spaces.map((space) => ({ space })) };
}

describe("twinstill compare and explain of cascades", () => {
  it("compares their settings and metrics, names with a hyphen among them", async () => {
    const { code, out } = await runCommand(["compare", at("one"), at("two")]);
    expect(code).toBe(0);
    expect(out).toContain("  rounds: 2  |  1\n");
    expect(out).toMatch(/^recall\/kendall-tau +-?[\d.]+/m);
    expect(out).toMatch(/^cascade\/recall@4 +[\d.]+/m);
  });

  it("explains each setting with its origin, that of one entry in place of a list included", async () => {
    const short = text("cascade.yaml").replace(
      /negatives: \[\{ kind: frequency, count: 1 \}, .*?\]/,
      "negatives: { kind: frequency, count: 1 }",
    );
    writeFileSync(at("short.yaml"), short);
    const { code, out } = await runCommand(["explain", at("short.yaml"), "--set", "rounds=3"]);
    expect(code).toBe(0);
    expect(out).toMatch(/^rounds +3 +# --set$/m);
    expect(out).toMatch(/^spaces\.exposed\.negatives\.0\.count +1 +# .*short\.yaml:\d+$/m);
    expect(out).toMatch(/^stages\.0\.name +"recall" +# .*short\.yaml:\d+$/m);
    expect(out).toMatch(/^keepLast +1 +# default$/m);
  });

  it("explains a run folder by what it holds", async () => {
    const { out } = await runCommand(["explain", at("one")]);
    expect(out).toMatch(/^rounds +2 +# .*one\/config\.resolved\.json$/m);
  });
});
