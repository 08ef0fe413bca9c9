// npm run bench:rankflow: cascades trained in every way of examples/cascade on simulated worlds whose truth is known.
// Settings are those of the reference study, chosen on its own worlds; the seeds here are fresh.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Metrics } from "../../src/run/evaluation/evaluate.ts";
import { describeRuntime, loadRuntime } from "../../src/runtime/index.ts";
import { measureSeed } from "./measure.ts";
import { BARS } from "./methods.ts";

const seeds = (process.env.SEEDS ?? "11,12,13,14").split(",").map(Number);
const only = process.env.RUNS?.split(",");
const runtime = await loadRuntime();
const native = runtime.native && { ...runtime.native, gpu: runtime.kind === "native-gpu" };
const kept = process.env.KEEP;
const folder = kept ?? mkdtempSync(join(tmpdir(), "twinstill-rankflow-"));
const results = new Map<string, Metrics[]>();
const seconds = new Map<string, number[]>();
try {
  for (const seed of seeds) {
    const measured = await measureSeed(seed, join(folder, String(seed)), { native, only });
    for (const [name, metrics] of measured.rows) results.set(name, [...(results.get(name) ?? []), metrics]);
    for (const [name, time] of measured.seconds) seconds.set(name, [...(seconds.get(name) ?? []), time]);
  }
} finally {
  if (kept === undefined) rmSync(folder, { recursive: true, force: true });
}
report();

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
