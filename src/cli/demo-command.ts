import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ConfigError } from "../errors.ts";
import { writeAtomically, writeTextAtomically } from "../files/atomic-write.ts";
import { nodeFiles } from "../files/file-layer.ts";
import { writeJson } from "../files/json-file.ts";
import { renderPlot } from "../report/plot.ts";
import { intervalBarsSpec } from "../report/plot-bars.ts";
import { readRunConfig } from "../run/config/run-config.ts";
import type { CommonOptions } from "./cli.ts";
import { demoText } from "./demo-text.ts";
import { ExitCode, type Io } from "./io.ts";
import { ensureNative, loadEngine } from "./load-engine.ts";
import { metricsTable, type ResultRow } from "./metrics-table.ts";
import { seedOf, showRun } from "./train-command.ts";

export interface DemoOptions extends CommonOptions {
  readonly out?: string;
  readonly seed: string;
}

/** The runs of the demo: configuration under examples/insteval, and the row name of each of its models. */
const RUNS = [
  { config: "hard", rows: { student: "hard" } },
  { config: "softmax", rows: { student: "softmax" } },
  { config: "joint", rows: { student: "distilled", teacher: "teacher" } },
  { config: "ranker", rows: { teacher: "ranker" } },
] as const;

/** What the terminal shows of each row. */
const COLUMNS = [
  "ctr/auc",
  "ctcvr/auc",
  "recall@10",
  "recall@100",
  "ndcg@10",
  "attended/recall@10",
  "attended/recall@100",
  "attended/ndcg@10",
  "train seconds",
];

/** What the plot shows of each row. */
const PLOTTED = ["ctcvr/auc", "recall@10", "recall@100", "attended/recall@10", "attended/recall@100", "ctr/auc"];

/** `twinstill demo` */
export async function demoCommand(options: DemoOptions, io: Io): Promise<number> {
  const examples = fileURLToPath(new URL("../../examples/insteval/", import.meta.url));
  if (!existsSync(examples)) {
    throw new ConfigError(
      "demo: the examples must be there, got a package without them; clone the repository to run the demo",
    );
  }
  if (options.device === "auto") await ensureNative(quietIo(io, options));
  const seed = seedOf(options.seed);
  const engine = await loadEngine(options, io, ["demo", "--seed", String(seed)]);
  const out = options.out ?? freeFolder("runs/demo");
  const rows: ResultRow[] = [];
  const initial: Record<string, string> = {};
  for (const { config, rows: names } of RUNS) {
    const resolved = readRunConfig(join(examples, `${config}.yaml`), [`seed=${seed}`]);
    const { result, signal } = await showRun(
      { resolved, out: join(out, config), resume: false, name: config, quiet: options.quiet === true },
      engine,
      io,
    );
    if (signal !== undefined) return signal === "SIGINT" ? ExitCode.interrupted : ExitCode.terminated;
    for (const [model, name] of Object.entries(names)) {
      rows.push({ name, ...result.test?.[model], "train seconds": Math.round(result.seconds * 10) / 10 });
      initial[name] = result.models[model]!.fingerprint;
    }
  }
  await writeResults(out, rows);
  if (options.json) io.out(`${JSON.stringify({ rows, run: out })}\n`);
  else io.out(demoReport(rows, { out, initial }));
  return ExitCode.ok;
}

function demoReport(
  rows: readonly ResultRow[],
  { out, initial }: { readonly out: string; readonly initial: Readonly<Record<string, string>> },
): string {
  return [
    metricsTable(rows, COLUMNS),
    `Metrics are on the test part (lectage 1): AUC over its exposed rows, ctr/auc against y >= 4 and ctcvr/auc against y = 5;`,
    `recall and NDCG over all lecturers a student has not rated in training, y = 5 relevant; attended/: every rating relevant.`,
    `Initial weights of the students: hard ${initial.hard}, distilled ${initial.distilled}${initial.hard === initial.distilled ? " (the same)" : ""}.`,
    "",
    ...demoText(rows),
    "",
    `runs: ${out}`,
    `plot: ${join(out, "result.png")} and ${join(out, "result.svg")}`,
    `next: npx twinstill train --config examples/insteval/joint.yaml --out runs/mine --set distill.0.temperature=2`,
    "",
  ].join("\n");
}

async function writeResults(out: string, rows: readonly ResultRow[]): Promise<void> {
  await nodeFiles.makeFolder(out);
  await writeJson(join(out, "result.json"), { rows });
  const bars = PLOTTED.flatMap((metric) =>
    rows.map((row) => ({ name: row.name, metric, value: (row[metric] as number | null | undefined) ?? null })),
  );
  const { svg, png } = await renderPlot(
    intervalBarsSpec(bars, { title: "InstEval, test part (lectage 1)", subtitle: "one seed" }),
  );
  await writeTextAtomically(join(out, "result.svg"), svg);
  await writeAtomically(join(out, "result.png"), (write) => write(png));
}

/** `base`, or `base-2`, `base-3` ... where that is taken. */
function freeFolder(base: string): string {
  let path = base;
  for (let i = 2; existsSync(path); i++) path = `${base}-${i}`;
  return path;
}

function quietIo(io: Io, { quiet }: DemoOptions): Io {
  return quiet ? { ...io, err: () => {} } : io;
}
