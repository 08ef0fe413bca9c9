// npm run bench:rankflow: cascades trained in every way of examples/cascade on simulated worlds whose truth is known.
// Settings are those of the reference study, chosen on its own worlds; the seeds here are fresh.
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { readCascadeConfig } from "../../src/run/cascade/cascade-config.ts";
import { executeCascade } from "../../src/run/cascade/execute-cascade.ts";
import { openCascade } from "../../src/run/cascade/open-cascade.ts";
import { truthMetrics } from "../../src/run/cascade/truth-metrics.ts";
import { findCheckpoint, loadFirstValues } from "../../src/run/checkpoint.ts";
import type { Metrics } from "../../src/run/evaluation/evaluate.ts";
import { runFolder } from "../../src/run/run-folder.ts";
import { describeRuntime, loadRuntime } from "../../src/runtime/index.ts";
import { cascadeConfig } from "../../src/simulate/cascade-config.ts";
import { createWorld } from "../../src/simulate/world.ts";
import { writeCascade } from "../../src/simulate/write-cascade.ts";
import { BARS, ROWS, RUNS, type Run } from "./methods.ts";

const seeds = (process.env.SEEDS ?? "11,12,13,14").split(",").map(Number);
const only = process.env.RUNS?.split(",");
const runtime = await loadRuntime();
const native = runtime.native && { ...runtime.native, gpu: runtime.kind === "native-gpu" };
const kept = process.env.KEEP;
const folder = kept ?? mkdtempSync(join(tmpdir(), "twinstill-rankflow-"));
const results = new Map<string, Metrics[]>();
const seconds = new Map<string, number[]>();
try {
  for (const seed of seeds) await measureSeed(seed, join(folder, String(seed)));
} finally {
  if (kept === undefined) rmSync(folder, { recursive: true, force: true });
}
report();

async function measureSeed(seed: number, base: string): Promise<void> {
  mkdirSync(base, { recursive: true });
  const config = cascadeConfig.parse({ seed });
  const world = join(base, "world");
  if (!existsSync(join(world, "cascade.json"))) await writeCascade(config, world);
  for (const run of RUNS) {
    const out = join(base, run.name);
    if (existsSync(join(out, "result.json")) || (only && !only.includes(run.name))) continue;
    const time = await trainRun(run, { seed, base, world, out });
    seconds.set(run.name, [...(seconds.get(run.name) ?? []), time]);
  }
  const opened = await openCascade(join(base, "negatives"), { native });
  for (const { name, ...stages } of ROWS) {
    if (!Object.values(stages).every((run) => existsSync(join(base, run, "result.json")))) continue;
    for (const [stage, run] of Object.entries(stages)) {
      const checkpoint = (await findCheckpoint(runFolder(join(base, run)), "latest"))!;
      await loadFirstValues(checkpoint, opened.program, { only: (tensor) => tensor.startsWith(`${stage}/`) });
    }
    const { program, dataset } = opened;
    const metrics = await truthMetrics(program, dataset, opened.config, createWorld(config), { users: 300, seed });
    results.set(name, [...(results.get(name) ?? []), metrics]);
    const shown = Object.entries(metrics).map(([metric, value]) => `${metric} ${value?.toFixed(3)}`);
    console.error(`seed ${seed} ${name}: ${shown.join(", ")}`);
  }
  opened.program.close();
}

async function trainRun(
  { config, sets = [], start = {} }: Run,
  {
    seed,
    base,
    world,
    out,
  }: { readonly seed: number; readonly base: string; readonly world: string; readonly out: string },
): Promise<number> {
  const resolved = readCascadeConfig(`examples/cascade/${config}.yaml`, [
    ...sets,
    `seed=${seed}`,
    `data.source=${resolve(world, "rows.parquet")}`,
    `data.items=${resolve(world, "items.parquet")}`,
    ...(["list-kd", "multi-space"].includes(config) ? [`spaces.logged.file=${resolve(world, "stages.parquet")}`] : []),
    ...Object.entries(start).map(([stage, run]) => `start.${stage}={run: ${resolve(base, run)}}`),
  ]);
  const started = performance.now();
  const run = executeCascade({ resolved, out, native, environment: {} });
  let step = await run.next();
  while (!step.done) step = await run.next();
  return (performance.now() - started) / 1000;
}

function report(): void {
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
  const deviation = (values: readonly number[]): number =>
    Math.sqrt(values.reduce((sum, value) => sum + (value - mean(values)) ** 2, 0) / (values.length - 1));
  const names = [...new Set([...results.values()].flatMap((all) => all.flatMap((one) => Object.keys(one))))];
  const lines = [`| stages | ${names.join(" | ")} |`, `|---|${names.map(() => "---|").join("")}`];
  for (const [name, all] of results) {
    const cells = names.map((metric) => {
      const values = all.map((one) => one[metric]!);
      return `${mean(values).toFixed(3)} ± ${deviation(values).toFixed(3)}`;
    });
    lines.push(`| ${name} | ${cells.join(" | ")} |`);
  }
  lines.push("", "| gain of | over | in | by seed | mean | bar | reached |", "|---|---|---|---|---|---|---|");
  let missed = 0;
  for (const { row, over, metric, least } of BARS) {
    const [ours, theirs] = [results.get(row), results.get(over)];
    if (ours === undefined || theirs === undefined) continue;
    const gains = ours.map((one, i) => one[metric]! / theirs[i]![metric]! - 1);
    const reached = mean(gains) >= least && gains.every((gain) => gain > 0);
    if (!reached) missed++;
    const percent = (gain: number): string => `${(100 * gain).toFixed(1)} %`;
    lines.push(
      `| ${row} | ${over} | ${metric} | ${gains.map(percent).join(", ")} | ${percent(mean(gains))} | ${percent(least)} | ${reached ? "yes" : "no"} |`,
    );
  }
  const times = [...seconds].map(([name, all]) => `${name} ${mean(all).toFixed(0)} s`).join(", ");
  const text = [
    `Runtime: ${describeRuntime({ ...runtime, reasons: [] })}. Node ${process.version}. Command: npm run bench:rankflow. Seeds ${seeds.join(", ")}.`,
    "",
    "Stages that a row does not name are those of independent training with negatives. `recall`: share of the true best 20 of the corpus in the first 100; `conversions`: expected, of the ten shown.",
    "",
    ...lines,
    "",
    `Training time of a seed: ${times}.`,
    "",
  ].join("\n");
  console.log(text);
  if (only === undefined && process.env.SEEDS === undefined) {
    const date = new Date().toISOString().slice(0, 10);
    writeFileSync(`benchmarks/results/rankflow-${date}.md`, `# Cascades on simulated worlds, ${date}\n\n${text}`);
  }
  process.exitCode = missed === 0 ? 0 : 1;
}
