import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bootstrapMean } from "../../src/eval/index.ts";
import { readUserMetrics } from "../../src/run/evaluation/user-metrics.ts";
import { runCommand } from "../cli/run-command.ts";
import { smallData, writeSmallRun } from "../run/small-run.ts";

let folder: string;
let config: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "twinstill-report-"));
  config = writeSmallRun(folder);
  const runs = [
    ["a", "--set", "train.diagnose.every=3", "--set", "evaluate.monitor={metric: recall@5}"],
    ["b", "--set", "distill.0.temperature=3"],
    ["b2", "--set", "distill.0.temperature=3", "--set", "seed=4"],
  ] as const;
  for (const [name, ...sets] of runs)
    await runCommand(["train", "--config", config, "--out", join(folder, name), "--quiet", ...sets]);
  const other = writeSmallRun(join(folder, "other"), { data: smallData().replace("u1,", "u2,") });
  await runCommand(["train", "--config", other, "--out", join(folder, "c"), "--quiet", "--set", "train.epochs=1"]);
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (...names: string[]): string => join(folder, ...names);
const report = (...args: string[]) => runCommand(["report", ...args, "--quiet"]);
const text = (...names: string[]): string => readFileSync(at(...names), "utf8");
const headings = (page: string): string[] => [...page.matchAll(/<h2[^>]*>([^<]+)/g)].map((match) => match[1]!);

/** A file of a run as it would be if something had gone wrong, for as long as `use` takes. */
async function withFile<T>(path: string, change: (text: string) => string, use: () => Promise<T>): Promise<T> {
  const before = readFileSync(path, "utf8");
  writeFileSync(path, change(before));
  try {
    return await use();
  } finally {
    writeFileSync(path, before);
  }
}

describe("twinstill report", () => {
  it("writes one self-contained page, a model card, and every figure and table as files", async () => {
    const { code, out } = await report(at("a"), at("b"), "--out", at("report"));
    expect(code).toBe(0);
    expect(out).toContain(at("report", "index.html"));
    const page = text("report", "index.html");
    expect(page.replace(/xmlns(:xlink)?="[^"]*"/g, "")).not.toMatch(/https?:\/\/|<script|\bsrc=|url\((?!#)/);
    expect(page.length).toBeLessThan(2_000_000);
    expect(headings(page)).toEqual([
      "In short",
      "What was asked",
      "Data",
      "Results",
      "Training",
      "Closer look: a",
      "Closer look: b",
      "Time, memory and commands",
    ]);
    expect(page).toContain(">distill.<wbr>0.<wbr>temperature</th>");
    expect([...page.matchAll(/<table><caption>/g)].length).toBe([...page.matchAll(/<table/g)].length);
    expect([...page.matchAll(/<svg role="img" aria-label="[^"]{20,}/g)].length).toBe(
      [...page.matchAll(/<svg/g)].length,
    );
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map((match) => match[1]);
    expect(new Set(ids).size).toBe(ids.length);
    const figures = readdirSync(at("report", "figures"));
    const own = ["losses", "gradients", "validation", "agreement", "reliability", "scores", "popularity", "gates"];
    for (const id of ["results", ...own.map((name) => `a-${name}`)])
      for (const ending of ["svg", "png", "vl.json"]) expect(figures).toContain(`${id}.${ending}`);
    const card = text("report", "report.md");
    for (const [, path] of card.matchAll(/\]\((figures\/[^)]+)\)/g)) expect(existsSync(at("report", path!))).toBe(true);
  });

  it("describes the data: parts, label rates, vocabularies, split", () => {
    const { parts, vocabularySizes } = JSON.parse(text("a", "data.json"));
    const [head, ...rows] = text("report", "tables", "data.csv").trim().split("\n");
    expect(head).toBe("part,rows,users,new users,items,new items,known pairs,rate of seen,rate of good,rate of top");
    expect(rows.map((row) => row.split(",")[0])).toEqual(["train", "validation", "test"]);
    expect(rows[2]!.split(",").at(-1)).toBe(String(parts.test.labelRates.top));
    const vocabularies = text("report", "tables", "vocabularies.csv");
    expect(vocabularies).toContain(`\nuser,${vocabularySizes.user},0,`);
    expect(text("report", "report.md")).toContain(
      "Split by expression; train: day < 8; validation: day == 8; test: day == 9.",
    );
  });

  it("gives metrics over users their intervals, and says where a run kept no users", async () => {
    const users = await readUserMetrics(at("a", "eval", "test-users.parquet"), ["student/recall@5"]);
    const values = [...users.get("student/recall@5")!.values()];
    const { value, interval } = bootstrapMean(values, { seed: 1, resamples: 1000 });
    const [head, ...rows] = text("report", "tables", "results.csv").trim().split("\n");
    expect(head).toMatch(
      /^metric,a: teacher,a: teacher low,a: teacher high,a: student,a: student low,a: student high,b/,
    );
    const recall = rows.find((row) => row.startsWith("recall@5,"))!.split(",");
    expect(recall.slice(4, 7)).toEqual([value, ...interval!].map(String));
    expect(rows.find((row) => row.startsWith("ctr/auc,"))!.split(",")[5]).toBe("");
    expect(text("report", "tables", "gains.csv")).toMatch(/^metric,b: teacher,.*\nrecall@5,/);
    rmSync(at("a", "eval", "test-users.parquet"));
    await report(at("a"), at("b"), "--out", at("report"));
    expect(text("report", "report.md")).toContain("No intervals over users for a: the run kept no values by user.");
    expect(existsSync(at("report", "tables", "results.csv"))).toBe(true);
    expect(text("report", "tables", "results.csv")).not.toContain("a: student low");
  });

  it("shows gradient norms and marks the best step, or says how norms are logged", async () => {
    const spec = JSON.parse(text("report", "figures", "a-gradients.vl.json"));
    const logged = text("a", "metrics.jsonl")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const norms = logged.filter((line) => "termGradientNorm/distill/kd" in line);
    expect(norms.length).toBeGreaterThan(3);
    expect(spec.data.values.map(({ step, value }: { step: number; value: number }) => [step, value])).toEqual(
      norms.map((line) => [line.step, line["termGradientNorm/distill/kd"]]),
    );
    const validated = logged.filter((line) => "val/student/recall@5" in line);
    const best = Math.max(...validated.map((line) => line["val/student/recall@5"]));
    const bestStep = validated.find((line) => line["val/student/recall@5"] === best).step;
    const card = text("report", "report.md");
    expect(card).toContain(`the best student's recall@5 is at step ${bestStep}`);
    expect(card).toContain("b logged no gradient norms: train.diagnose logs that of each term");
    expect(card).toContain("Each run has settings of its own, one seed each: there is no test over seeds");
  });

  it("compares over seeds what differs in the seed alone", async () => {
    expect((await report(at("a"), at("b"), at("b2"), "--out", at("seeds"))).code).toBe(0);
    const rows = text("seeds", "tables", "seeds.csv").trim().split("\n");
    expect(rows[0]).toBe("runs,metric,seeds,mean,deviation,gain,p");
    const [one, two] = ["b", "b2"].map((run) => JSON.parse(text(run, "result.json")).test.student["recall@5"]);
    const row = rows.find((line) => line.startsWith("b: student,recall@5,"))!.split(",");
    expect(row[2]).toBe("2");
    expect(Number(row[3])).toBeCloseTo((one + two) / 2, 12);
    expect(Number(row[4])).toBeCloseTo(Math.abs(one - two) / Math.SQRT2, 12);
    expect(row.slice(6).join(",")).toBe('"a paired test needs 2 seeds or more, got 1"');
    expect(text("seeds", "report.md")).not.toContain("one seed each");
  });

  it("says of a single run that one seed proves little", async () => {
    await report(at("b"));
    const card = text("b", "report", "report.md");
    expect(card).toContain("One run of one seed: differences of this size can be chance.");
    expect(card).toMatch(/recall@5 on the test part: teacher [\d.]+ \[[\d., ]+\]; student/);
  });

  it("refuses runs on different data unless asked, and says so then", async () => {
    const refused = await report(at("a"), at("c"), "--out", at("mixed"));
    expect(refused).toMatchObject({ code: 2, err: expect.stringContaining("runs must be on the same data") });
    const { code } = await report(at("a"), at("c"), "--out", at("mixed"), "--different-data");
    expect(code).toBe(0);
    expect(text("mixed", "index.html")).toContain("their numbers must not be compared");
  });
});

describe("twinstill report, of what is missing or broken", () => {
  it("reports on an unfinished run, naming what is missing, a cut log line included", async () => {
    const stopped = await runCommand(
      ["train", "--config", config, "--out", at("half"), "--set", "train.epochs=200"],
      (line, signal) => {
        if (line.includes("initial weights")) signal("SIGINT");
      },
    );
    expect(stopped.code).toBe(130);
    writeFileSync(at("half", "metrics.jsonl"), `${text("half", "metrics.jsonl")}{"step": 2, "loss/to`);
    const { code, err } = await report(at("half"));
    expect(code).toBe(0);
    expect(err).toContain("missing: half: the test result: the run is not finished (result.json)");
    expect(err).toContain(
      "missing: half: the end of the last line of metrics.jsonl, which was cut off while it was written",
    );
    const page = text("half", "report", "index.html");
    expect(page).toContain("half is not finished.");
    expect(page).toContain("No run has a test result yet.");
    rmSync(at("half", "metrics.jsonl"));
    rmSync(at("half", "data.json"));
    expect((await report(at("half"))).err).toContain("missing: half: logged steps (metrics.jsonl)");
    expect(headings(text("half", "report", "index.html"))).not.toContain("Data");
  });

  it("leaves out what is undefined, and says so", async () => {
    await withFile(
      at("b", "metrics.jsonl"),
      (lines) => lines.replace(/"loss\/total":[\d.e-]+/, '"loss/total":null'),
      async () => {
        expect((await report(at("b"))).code).toBe(0);
        expect(text("b", "report", "report.md")).toContain(
          "b: 1 logged values are undefined and not drawn (loss/total).",
        );
      },
    );
    await withFile(
      at("b", "result.json"),
      (json) => json.replace(/"recall@5": [\d.]+/g, '"recall@5": null'),
      async () => {
        expect((await report(at("b"))).code).toBe(0);
        expect(text("b", "report", "tables", "results.csv")).toMatch(/^recall@5,,$/m);
      },
    );
  });

  it("names the file, place and value of what no run writes", async () => {
    const broken = (name: string, change: (own: string) => string) =>
      withFile(at("b", name), change, () => report(at("b"), "--out", at("broken")));
    expect(
      await broken("metrics.jsonl", (lines) => lines.replace(/"loss\/total":[\d.e-]+/, '"loss/total":NaN')),
    ).toMatchObject({
      code: 3,
      err: expect.stringMatching(
        /b\/metrics\.jsonl:\d+: line must be a JSON object, got \{"step":\d+,.*"loss\/total":NaN/,
      ),
    });
    expect(
      await broken("result.json", (json) => json.replace(/"ctr\/auc": [\d.]+/, '"ctr/auc": "high"')),
    ).toMatchObject({
      code: 3,
      err: expect.stringContaining('b/result.json: test.teacher.ctr/auc must be as a run writes it, got "high"'),
    });
    expect(await broken("result.json", (json) => json.replace(/"ctr\/auc": [\d.]+/, '"ctr/auc": NaN'))).toMatchObject({
      code: 3,
      err: expect.stringContaining("b/result.json: file must hold JSON"),
    });
    expect(await broken("config.resolved.json", (json) => json.replace('"format": 1', '"format": 9'))).toMatchObject({
      code: 2,
      err: expect.stringContaining("must have format 1, got 9; use the version of twinstill that wrote it"),
    });
    expect(await report(at("none"))).toMatchObject({
      code: 2,
      err: expect.stringContaining(`${at("none")}: folder must hold a run, got no config.resolved.json in it`),
    });
  });
});
