// npm run bench:offline: the line of examples/insteval/offline.yaml over three seeds, beside its bars and controls.
// Settings are those of a study made beforehand; the test part is looked at once a run. --out keeps the runs.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Metrics } from "../../src/run/evaluation/evaluate.ts";
import { executeLine } from "../../src/run/line/execute-line.ts";
import { readLineConfig } from "../../src/run/line/line-config.ts";
import { planLine } from "../../src/run/line/plan-line.ts";
import { describeRuntime, loadRuntime } from "../../src/runtime/index.ts";

const SEEDS = [1, 2, 3];
const METRICS = ["attended/recall@10", "attended/recall@100", "attended/ndcg@10", "recall@10", "recall@100"];
const BARS = [
  {
    what: "list-wise KL from the older MMoE over no KD",
    name: "list-kl",
    over: "no-kd",
    metric: "attended/recall@100",
    bar: 0.1,
  },
  {
    what: "list-wise KL from the older MMoE over no KD",
    name: "list-kl",
    over: "no-kd",
    metric: "attended/recall@10",
    bar: 0.02,
  },
  {
    what: "width 4, RRD from width 64 over no KD",
    name: "rrd",
    over: "narrow",
    metric: "attended/recall@10",
    bar: 0.02,
  },
  {
    what: "width 4, RRD from width 64 over no KD",
    name: "rrd",
    over: "narrow",
    metric: "attended/ndcg@10",
    bar: 0.025,
  },
] as const;
/** The same gains over the controls, for whoever reads them. */
const CONTROLS = [
  ["list-kl", "no-kd-items"],
  ["list-kl", "self-distilled"],
  ["rrd", "narrow-items"],
  ["rrd", "rrd-self-distilled"],
] as const;

const { values: options } = parseArgs({ options: { out: { type: "string" } } });
const runtime = await loadRuntime();
const native = runtime.native && { ...runtime.native, gpu: runtime.kind === "native-gpu" };
const line = readLineConfig("examples/insteval/offline.yaml");
const results = new Map<string, Metrics[]>();
const folder = options.out ?? mkdtempSync(join(tmpdir(), "twinstill-offline-"));
const started = performance.now();
try {
  for (const seed of SEEDS) {
    const run = executeLine(planLine(line, { out: join(folder, `seed-${seed}`), seed }), { native, environment: {} });
    let next = await run.next();
    while (!next.done) {
      if (next.value.kind === "step") console.error(`seed ${seed}: ${next.value.step.name} ${next.value.state}`);
      next = await run.next();
    }
    for (const { step, metrics } of next.value.rows)
      results.set(step.name, [...(results.get(step.name) ?? []), metrics]);
  }
} finally {
  if (options.out === undefined) rmSync(folder, { recursive: true, force: true });
}

const of = (name: string, metric: string): number[] => results.get(name)!.map((metrics) => metrics[metric]!);
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const deviation = (values: readonly number[]): number =>
  Math.sqrt(values.reduce((sum, value) => sum + (value - mean(values)) ** 2, 0) / (values.length - 1));
const shown = (values: readonly number[]): string => `${mean(values).toFixed(4)} ± ${deviation(values).toFixed(4)}`;
const gains = (name: string, over: string, metric: string): number[] =>
  of(name, metric).map((value, i) => value - of(over, metric)[i]!);
const rowOf = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

let missed = 0;
const bars = BARS.map(({ what, name, over, metric, bar }) => {
  const values = gains(name, over, metric);
  const reached = mean(values) >= bar;
  if (!reached) missed++;
  return rowOf([
    what,
    metric,
    `+${bar}`,
    shown(values),
    values.map((v) => v.toFixed(3)).join(", "),
    reached ? "yes" : "no",
  ]);
});
const date = new Date().toISOString().slice(0, 10);
const report = [
  `# InstEval offline, three seeds, ${date}`,
  "",
  `Runtime: ${describeRuntime({ ...runtime, reasons: [] })}. Node ${process.version}. Command: npm run bench:offline. ${Math.round((performance.now() - started) / 1000)} s.`,
  "",
  "Test part: lectage 1. Rows of the table are steps of examples/insteval/offline.yaml; mean ± sd of 3 seeds.",
  "",
  rowOf(["run", ...METRICS]),
  rowOf(["---", ...METRICS.map(() => "---")]),
  ...[...results.keys()].map((name) => rowOf([name, ...METRICS.map((metric) => shown(of(name, metric)))])),
  "",
  rowOf(["gain", "metric", "bar", "mean ± sd", "by seed", "reached"]),
  rowOf(["---", "---", "---", "---", "---", "---"]),
  ...bars,
  "",
  "Over the controls: `-items` sees as many drawn items a step as there are lecturers beside its batch, without a teacher; the",
  "self-distilled student's teacher is a student of its own kind (of lectage >= 3, and of the same rows).",
  "",
  rowOf(["gain of", "over", ...METRICS.slice(0, 3)]),
  rowOf(["---", "---", "---", "---", "---"]),
  ...CONTROLS.map(([name, over]) =>
    rowOf([name, over, ...METRICS.slice(0, 3).map((m) => shown(gains(name, over, m)))]),
  ),
  "",
].join("\n");
writeFileSync(`benchmarks/results/offline-${date}.md`, report);
console.log(report);
process.exitCode = missed === 0 ? 0 : 1;
