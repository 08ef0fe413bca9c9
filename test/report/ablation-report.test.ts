import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { shortVariant } from "../../src/report/ablation-figures.ts";
import { findGrid } from "../../src/report/ablation-grid.ts";
import type { VariantResult } from "../../src/run/ablation/results.ts";
import { runCommand } from "../cli/run-command.ts";
import { writeSmallRun } from "../run/small-run.ts";
import { writeSmallAblation } from "./small-ablation.ts";

let folder: string;
let config: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "twinstill-ablation-report-"));
  config = writeSmallRun(folder);
  await writeSmallAblation(config, at("many"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (...names: string[]): string => join(folder, ...names);
const text = (...names: string[]): string => readFileSync(at(...names), "utf8");
const report = (...args: string[]) => runCommand(["report", ...args, "--quiet"]);
const results = (name: string): VariantResult[] => JSON.parse(text(name, "results.json")).results;

describe("twinstill report over an ablation", () => {
  it("shows rows, gains with intervals, the share kept, costs and commands", async () => {
    const { code, out } = await report(at("many"));
    expect(code).toBe(0);
    expect(out).toContain(at("many", "report", "index.html"));
    const own = results("many").find(({ variant }) => variant === "distill.0.temperature=4,distill.0.weight=2")!;
    const [recall] = own.metrics;
    const table = text("many", "report", "tables", "ablation-student_recall_5.csv");
    expect(table.split("\n")[0]).toBe("row,mean,gain,gain low,gain high,p");
    const spread = `${recall!.mean!.toFixed(4)} ± ${recall!.sd!.toFixed(4)}`;
    expect(table).toContain(`"${own.variant}",${spread},${recall!.gain},${recall!.interval!.join(",")},`);
    const kept = text("many", "report", "tables", "ablation-kept.csv");
    expect(kept.split("\n")[0]).toMatch(/^row,student\/recall@5,student\/recall@5 low/);
    const bars = JSON.parse(text("many", "report", "figures", "ablation-gains.vl.json")).data.values;
    const bar = bars.find((one: { name: string }) => one.name === "temperature=4, weight=2");
    expect([bar.value, bar.low, bar.high]).toEqual([recall!.gain, ...recall!.interval!]);
    const card = text("many", "report", "report.md");
    expect(card).toContain("| alone | control |");
    expect(card).toContain(`| ${own.variant} | twinstill train --config run.yaml`);
  });

  it("draws temperature by weight as a heat map, controls left out", () => {
    const { data, encoding } = JSON.parse(text("many", "report", "figures", "ablation-heat-student_recall_5.vl.json"));
    expect([encoding.x.title, encoding.y.title]).toEqual(["temperature", "weight"]);
    expect(encoding.y.sort).toEqual(["0.5", "2", "5"]);
    const mean = (variant: string) => results("many").find((row) => row.variant === variant)!.metrics[0]!.mean;
    const cells = data.values.map(({ x, y, value }: { x: string; y: string; value: number }) => [x, y, value]);
    expect(cells).toHaveLength(6);
    expect(cells).toContainEqual(["4", "2", mean("distill.0.temperature=4,distill.0.weight=2")]);
  });

  it("says that one seed is no test, which runs failed, and which controls could not be made", async () => {
    const fails = "distill.0.temperature=2,distill.0.weight=5";
    await writeSmallAblation(config, at("few"), { seeds: [1], fails, controls: ["alone"] });
    expect((await report(at("few"))).code).toBe(0);
    const card = text("few", "report", "report.md");
    expect(card).toContain("One seed a row: there is no test over seeds, and differences can be chance.");
    expect(card).toContain("alone is not made: without the teacher the student would learn nothing");
    expect(card).toContain(`${fails} failed with seed 1: exit code 3: no`);
    expect(card).toContain("no test over seeds). The best of many is partly luck.");
  });

  it("refuses folders beside it, results of another format or without rows, and names what an ablation's folder is", async () => {
    expect(await report(at("many"), at("few"))).toMatchObject({
      code: 2,
      err: expect.stringContaining("report: the folder of an ablation must be reported on alone, got 2 folders"),
    });
    expect((await runCommand(["compare", at("many"), at("few")])).err).toContain(
      `${at("many")}: folder must hold a run, got an ablation; name runs in ${at("many", "runs")}`,
    );
    mkdirSync(at("begun", "runs"), { recursive: true });
    expect((await report(at("begun"))).err).toContain("folder must hold a run, got an unfinished ablation");
    writeFileSync(at("few", "results.json"), '{"format": 7}');
    expect(await report(at("few"))).toMatchObject({
      code: 3,
      err: expect.stringContaining("results.json: results must have format 1, got 7; use the version"),
    });
    writeFileSync(at("few", "results.json"), '{"format": 1, "results": [], "metrics": []}');
    expect((await report(at("few"))).err).toContain("results must hold rows and metrics, got 0 and 0");
  });

  it("is explained like a run, and so are its runs", async () => {
    writeFileSync(
      at("ablation.yaml"),
      "base: run.yaml\naxes: { distill.0.temperature: [2, 4] }\nmetrics: [student/recall@5]\n",
    );
    const { code, out } = await runCommand(["explain", at("ablation.yaml")]);
    expect(code).toBe(0);
    expect(out).toMatch(/^design +"grid" +# default$/m);
    expect(out).toMatch(/^metrics +\["student\/recall@5"\] +# .*ablation\.yaml:3$/m);
  });
});

describe("findGrid", () => {
  const rows = (all: Readonly<Record<string, object>>, kind = "variant") =>
    Object.entries(all).map(([variant, settings]) => ({ variant, kind, settings }) as unknown as VariantResult);
  const product = (a: readonly unknown[], b: readonly unknown[], c: readonly unknown[] = [0]) =>
    Object.fromEntries(
      a.flatMap((x) =>
        b.flatMap((y) =>
          c.map((z) => [
            `${x} ${y} ${z}`,
            { "loss.temperature": x, "net.width": y, "net.units": [y], "train.rate": z },
          ]),
        ),
      ),
    );

  it("takes settings that change together as one axis, values by size", () => {
    const { x, y } = findGrid(rows(product([10, 2], [4, 8])))!;
    expect([x.title, x.levels]).toEqual(["temperature", ["2", "10"]]);
    expect([y.title, y.levels]).toEqual(["units, width", ["[4]", "[8]"]]);
  });

  it("prefers temperature or weight to the larger grid", () => {
    const grid = findGrid(rows(product([1, 2], [4, 8], [0.1, 0.2, 0.3])))!;
    expect([grid.x.title, grid.y.title]).toContain("temperature");
  });

  it("finds none where one thing changes at a time, where a grid is hardly filled, and among controls", () => {
    expect(findGrid(rows({ a: { t: 2 }, b: { t: 4 }, c: { w: 2 }, d: { w: 4 } }))).toBeUndefined();
    expect(findGrid(rows(product([1, 2], [4, 8]), "control"))).toBeUndefined();
    const all = Object.entries(product([1, 2, 3, 4], [4, 8, 16, 32]));
    expect(findGrid(rows(Object.fromEntries(all.filter((_, i) => (i + Math.floor(i / 4)) % 2 === 0))))).toBeUndefined();
  });
});

describe("shortVariant", () => {
  it("leaves the last part of each path", () => {
    expect(shortVariant("distill.0.temperature=2,student.userUnits=[4,8]")).toBe("temperature=2, userUnits=[4, 8]");
    expect(shortVariant("without-distill.0.weight=0.5")).toBe("without-weight=0.5");
    expect(shortVariant("alone")).toBe("alone");
  });
});
