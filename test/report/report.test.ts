import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCommand } from "../cli/run-command.ts";
import { smallData, writeSmallRun } from "../run/small-run.ts";

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "twinstill-report-"));
  const config = writeSmallRun(folder);
  for (const [name, ...sets] of [["a"], ["b", "--set", "distill.0.temperature=3"]] as const)
    await runCommand(["train", "--config", config, "--out", join(folder, name), "--quiet", ...sets]);
  const other = writeSmallRun(join(folder, "other"), { data: smallData().replace("u1,", "u2,") });
  await runCommand(["train", "--config", other, "--out", join(folder, "c"), "--quiet", "--set", "train.epochs=1"]);
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const run = (name: string): string => join(folder, name);

describe("twinstill report", () => {
  it("writes one self-contained page, a model card, and every figure and table as files", async () => {
    const { code, out: text } = await runCommand(["report", run("a"), run("b"), "--out", run("report"), "--quiet"]);
    expect(code).toBe(0);
    expect(text).toContain(join(run("report"), "index.html"));
    const page = readFileSync(join(run("report"), "index.html"), "utf8");
    const body = page.replace(/xmlns(:xlink)?="[^"]*"/g, "");
    expect(body).not.toMatch(/https?:\/\/|<script|\bsrc=|url\((?!#)/);
    const headings = [...page.matchAll(/<h2[^>]*>([^<]+)/g)].map((match) => match[1]);
    expect(headings).toEqual([
      "What was asked",
      "Data",
      "Results",
      "Training",
      "Closer look: a",
      "Closer look: b",
      "Time and commands",
    ]);
    expect(page).toContain('<th scope="row">distill.0.temperature</th>');
    expect([...page.matchAll(/<table><caption>/g)].length).toBe([...page.matchAll(/<table/g)].length);
    expect([...page.matchAll(/<figure><svg role="img" aria-label="[^"]{20,}/g)].length).toBe(
      [...page.matchAll(/<figure>/g)].length,
    );
    const figures = readdirSync(join(run("report"), "figures"));
    for (const id of [
      "results",
      "a-losses",
      "a-agreement",
      "a-reliability",
      "a-scores",
      "a-popularity",
      "a-gates",
      "a-validation",
    ]) {
      for (const ending of ["svg", "png", "vl.json"]) expect(figures).toContain(`${id}.${ending}`);
    }
    const results = readFileSync(join(run("report"), "tables", "results.csv"), "utf8");
    const recall = JSON.parse(readFileSync(join(run("a"), "result.json"), "utf8")).test.student["recall@5"];
    expect(results).toContain(String(recall));
    const card = readFileSync(join(run("report"), "report.md"), "utf8");
    for (const [, path] of card.matchAll(/\]\((figures\/[^)]+)\)/g))
      expect(existsSync(join(run("report"), path!))).toBe(true);
  });

  it("says of a single run that one seed proves little", async () => {
    await runCommand(["report", run("a"), "--quiet"]);
    expect(readFileSync(join(run("a"), "report", "report.md"), "utf8")).toContain(
      "One run of one seed: differences of this size can be chance.",
    );
  });

  it("refuses runs on different data unless asked, and says so then", async () => {
    const refused = await runCommand(["report", run("a"), run("c"), "--out", run("mixed"), "--quiet"]);
    expect(refused).toMatchObject({ code: 2, err: expect.stringContaining("runs must be on the same data") });
    const { code } = await runCommand([
      "report",
      run("a"),
      run("c"),
      "--out",
      run("mixed"),
      "--quiet",
      "--different-data",
    ]);
    expect(code).toBe(0);
    expect(readFileSync(join(run("mixed"), "index.html"), "utf8")).toContain("their numbers must not be compared");
  });

  it("reports on an unfinished run, naming what is missing, a cut log line included", async () => {
    const config = join(folder, "run.yaml");
    const stopped = await runCommand(
      ["train", "--config", config, "--out", run("half"), "--set", "train.epochs=200"],
      (text, signal) => {
        if (text.includes("initial weights")) signal("SIGINT");
      },
    );
    expect(stopped.code).toBe(130);
    writeFileSync(
      join(run("half"), "metrics.jsonl"),
      `${readFileSync(join(run("half"), "metrics.jsonl"), "utf8")}{"step": 2, "loss/to`,
    );
    const { code, err } = await runCommand(["report", run("half"), "--quiet"]);
    expect(code).toBe(0);
    expect(err).toContain("missing: half: the test result: the run is not finished");
    expect(err).toContain("metrics.jsonl was cut off while it was written");
    expect(readFileSync(join(run("half"), "report", "index.html"), "utf8")).toContain("No run has a test result yet.");
  });

  it("refuses folders without a run, and of another format", async () => {
    expect(await runCommand(["report", run("none"), "--quiet"])).toMatchObject({
      code: 2,
      err: expect.stringContaining("folder must hold a run"),
    });
    const config = readFileSync(join(run("b"), "config.resolved.json"), "utf8");
    writeFileSync(join(run("b"), "config.resolved.json"), config.replace('"format": 1', '"format": 9'));
    expect(await runCommand(["report", run("b"), "--quiet"])).toMatchObject({
      code: 2,
      err: expect.stringContaining("must have format 1, got 9"),
    });
  });
});
