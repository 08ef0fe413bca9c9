// A line of an example over three seeds, beside bars and controls, as a page of results.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import type { NativeEngine } from "../../src/engine/native.ts";
import type { Metrics } from "../../src/run/evaluation/evaluate.ts";
import { executeLine } from "../../src/run/line/execute-line.ts";
import { readLineConfig } from "../../src/run/line/line-config.ts";
import { planLine } from "../../src/run/line/plan-line.ts";
import { describeRuntime, loadRuntime } from "../../src/runtime/index.ts";

const SEEDS = [1, 2, 3];

/** A number to reach, mean of the seeds: of a row, or of its gain over another; `each` where every seed must reach it. */
export interface LineBar {
  readonly what: string;
  readonly name: string;
  readonly over?: string;
  readonly metric: string;
  readonly bar: number;
  readonly each?: true;
}

/** A page of results. */
export interface LinePage {
  readonly title: string;
  /** Name of the result's file. */
  readonly file: string;
  readonly command: string;
  /** Text at the end of the page. */
  readonly notes?: readonly string[];
}

/** What is run and shown of one line. */
export interface LineBench {
  readonly config: string;
  /** Heading of its section, on a page of several lines. */
  readonly heading?: string;
  readonly metrics: readonly string[];
  readonly bars: readonly LineBar[];
  /** Gains that are printed without a bar: of a row over another. */
  readonly controls: readonly (readonly [name: string, over: string])[];
  readonly notes: readonly string[];
}

/**
 * Runs lines for each seed and writes their page. `--out` keeps the runs, and goes on with those that are there.
 *
 * @returns false where a bar is missed.
 */
export async function benchLines(
  { title, file, command, notes = [] }: LinePage,
  lines: readonly LineBench[],
): Promise<boolean> {
  const { values: options } = parseArgs({ options: { out: { type: "string" } } });
  const started = performance.now();
  const runtime = await loadRuntime();
  const native = runtime.native && { ...runtime.native, gpu: runtime.kind === "native-gpu" };
  const folder = options.out ?? mkdtempSync(join(tmpdir(), "twinstill-line-"));
  const sections: string[] = [];
  let missed = 0;
  try {
    for (const bench of lines) {
      const section = sectionOf(bench, await resultsOf(bench.config, join(folder, basename(bench.config)), native));
      sections.push(...(bench.heading === undefined ? [] : [`## ${bench.heading}`, ""]), section.text);
      missed += section.missed;
    }
  } finally {
    if (options.out === undefined) rmSync(folder, { recursive: true, force: true });
  }
  const date = new Date().toISOString().slice(0, 10);
  const seconds = Math.round((performance.now() - started) / 1000);
  const page = [
    `# ${title}, three seeds, ${date}`,
    "",
    `Runtime: ${describeRuntime({ ...runtime, reasons: [] })}. Node ${process.version}. Command: ${command}. ${seconds} s.`,
    "",
    ...sections,
    ...notes,
  ].join("\n");
  writeFileSync(`benchmarks/results/${file}-${date}.md`, page);
  console.log(page);
  return missed === 0;
}

/** Test metrics of a line's runs by step, one a seed. */
async function resultsOf(
  config: string,
  folder: string,
  native: NativeEngine | undefined,
): Promise<ReadonlyMap<string, readonly Metrics[]>> {
  const results = new Map<string, Metrics[]>();
  for (const seed of SEEDS) {
    const plan = planLine(readLineConfig(config), { out: join(folder, `seed-${seed}`), seed });
    const run = executeLine(plan, { native, environment: {} });
    let next = await run.next();
    while (!next.done) {
      if (next.value.kind === "step") console.error(`seed ${seed}: ${next.value.step.name} ${next.value.state}`);
      next = await run.next();
    }
    for (const { step, model, metrics } of next.value.rows) {
      // A student beside its frozen teacher: the teacher has a row of its own.
      if (model === "teacher" && next.value.rows.some((row) => row.step === step && row.model === "student")) continue;
      results.set(step.name, [...(results.get(step.name) ?? []), metrics]);
    }
  }
  return results;
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const deviation = (values: readonly number[]): number =>
  Math.sqrt(values.reduce((sum, value) => sum + (value - mean(values)) ** 2, 0) / (values.length - 1));
const shown = (values: readonly number[]): string => `${mean(values).toFixed(4)} ± ${deviation(values).toFixed(4)}`;
const rowOf = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
const headOf = (cells: readonly string[]): string[] => [rowOf(cells), rowOf(cells.map(() => "---"))];

function sectionOf(
  { metrics, bars, controls, notes }: LineBench,
  results: ReadonlyMap<string, readonly Metrics[]>,
): { readonly text: string; readonly missed: number } {
  const of = (name: string, metric: string): number[] => results.get(name)!.map((found) => found[metric]!);
  const gains = (name: string, over: string | undefined, metric: string): number[] =>
    of(name, metric).map((value, i) => value - (over === undefined ? 0 : of(over, metric)[i]!));
  let missed = 0;
  const barRows = bars.map(({ what, name, over, metric, bar, each }) => {
    const values = gains(name, over, metric);
    const reached = each ? values.every((value) => value >= bar) : mean(values) >= bar;
    if (!reached) missed++;
    const wanted = `${over === undefined ? "" : "+"}${bar}${each ? " in every seed" : ""}`;
    const bySeed = values.map((value) => value.toFixed(4)).join(", ");
    return rowOf([what, metric, wanted, shown(values), bySeed, reached ? "yes" : "no"]);
  });
  const text = [
    ...headOf(["run", ...metrics]),
    ...[...results.keys()].map((name) => rowOf([name, ...metrics.map((metric) => shown(of(name, metric)))])),
    "",
    ...headOf(["what", "metric", "bar", "mean ± sd", "by seed", "reached"]),
    ...barRows,
    "",
    ...notes,
    "",
    ...headOf(["gain of", "over", ...metrics.slice(0, 3)]),
    ...controls.map(([name, over]) =>
      rowOf([name, over, ...metrics.slice(0, 3).map((metric) => shown(gains(name, over, metric)))]),
    ),
    "",
  ].join("\n");
  return { text, missed };
}
