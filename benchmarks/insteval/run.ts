// npm run bench:insteval: the four runs of the demo over three seeds, beside their bars and baselines.
// Settings were chosen on lectage 2 (train lectage >= 3); the test part is looked at once a run.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDataset } from "../../src/data/open-dataset.ts";
import { readRunConfig } from "../../src/run/config/run-config.ts";
import type { Metrics } from "../../src/run/evaluation/evaluate.ts";
import { executeRun } from "../../src/run/execute-run.ts";
import { describeRuntime, loadRuntime } from "../../src/runtime/index.ts";
import { additiveMeansAuc } from "./additive-means.ts";
import { BARS, REFERENCES } from "./bars.ts";

const SEEDS = [1, 2, 3];
const RUNS = {
  hard: { student: "hard" },
  softmax: { student: "softmax" },
  joint: { student: "distilled", teacher: "teacher" },
  ranker: { teacher: "ranker" },
} as const;

const runtime = await loadRuntime();
const native = runtime.native && { ...runtime.native, gpu: runtime.kind === "native-gpu" };
const results = new Map<string, Metrics[]>();
const folder = mkdtempSync(join(tmpdir(), "twinstill-bench-"));
try {
  for (const seed of SEEDS) {
    for (const [config, names] of Object.entries(RUNS)) {
      const resolved = readRunConfig(`examples/insteval/${config}.yaml`, [`seed=${seed}`]);
      const run = executeRun({ resolved, out: join(folder, `${config}-${seed}`), native, environment: {} });
      let step = await run.next();
      while (!step.done) step = await run.next();
      for (const [model, name] of Object.entries(names)) {
        const metrics = step.value.test![model]!;
        results.set(name, [...(results.get(name) ?? []), metrics]);
        console.error(
          `seed ${seed} ${name}: ${["ctr/auc", "ctcvr/auc", "recall@10", "recall@100"].map((metric) => `${metric} ${metrics[metric]?.toFixed(4)}`).join(", ")}`,
        );
      }
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

const of = (name: string, metric: string): number[] => results.get(name)!.map((metrics) => metrics[metric]!);
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const deviation = (values: readonly number[]): number =>
  Math.sqrt(values.reduce((sum, value) => sum + (value - mean(values)) ** 2, 0) / (values.length - 1));
const shown = (values: readonly number[]): string => `${mean(values).toFixed(4)} ± ${deviation(values).toFixed(4)}`;

const lines = ["| what | metric | mean ± sd of 3 seeds | bar | reached |", "|---|---|---|---|---|"];
let missed = 0;
for (const { what, name, over, metric, bar } of BARS) {
  const values =
    over === undefined ? of(name, metric) : of(name, metric).map((value, i) => value - of(over, metric)[i]!);
  const reached = mean(values) >= bar;
  if (!reached) missed++;
  lines.push(`| ${what} | ${metric} | ${shown(values)} | ${bar} | ${reached ? "yes" : "no"} |`);
}
const { config, folder: baseDir } = readRunConfig("examples/insteval/ranker.yaml");
const dataset = await openDataset(config.data, { baseDir });
const additive = ["good", "top"].map((label) => additiveMeansAuc(dataset, "y", label)!.toFixed(4));
lines.push("", `Additive user + item means, AUC y >= 4 / y = 5: ${additive.join(" / ")}.`, ...REFERENCES);
const report = [
  `Runtime: ${describeRuntime({ ...runtime, reasons: [] })}. Node ${process.version}. Command: npm run bench:insteval.`,
  "",
  ...lines,
  "",
].join("\n");
const date = new Date().toISOString().slice(0, 10);
writeFileSync(`benchmarks/results/insteval-${date}.md`, `# InstEval, three seeds, ${date}\n\n${report}`);
console.log(report);
process.exitCode = missed === 0 ? 0 : 1;
