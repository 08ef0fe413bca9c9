// npm run bench: the training step beside PyTorch and plain tfjs-node, interleaved in one run. See docs/benchmarks.md.

import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { describeRuntime, loadRuntime } from "../src/runtime/index.ts";
import { machineInWords, machineSlug } from "./machine.ts";
import { runLoaderCase } from "./pipeline/loader-case.ts";
import { runScoringCase } from "./pipeline/scoring-case.ts";
import { runTopkCase } from "./pipeline/topk-case.ts";
import { preparedPython } from "./python-environment.ts";
import { type Report, renderReport } from "./report.ts";
import { type BenchContext, runDssmCase, runJointCase, runTableCase } from "./step/cases.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string", multiple: true },
    batch: { type: "string", multiple: true },
    repeats: { type: "string", default: "3" },
    steps: { type: "string", default: "20" },
    /** Seconds to wait in each case, all in all, for other programs to leave the processors. */
    patience: { type: "string", default: "30" },
    /** Users of the full-corpus lists. */
    users: { type: "string", default: "10000" },
    out: { type: "string", default: "benchmarks/results" },
    "no-torch": { type: "boolean", default: false },
  },
});
const wanted = (part: string): boolean => values.only === undefined || values.only.includes(part);

const runtime = await loadRuntime();
if (runtime.native === undefined) throw new Error(`bench: needs the native runtime, got ${describeRuntime(runtime)}`);
const context: BenchContext = {
  native: { ...runtime.native, gpu: runtime.kind === "native-gpu" },
  python: values["no-torch"] ? undefined : preparedPython(),
  threads: cpus().length,
  repeats: Number(values.repeats),
  steps: Number(values.steps),
  patience: 1e3 * Number(values.patience),
  say: (line) => console.error(line),
};

const loadBefore = loadavg()[0]!;
let report: Report = {
  date: new Date().toISOString().slice(0, 10),
  command: ["npm run bench", ...process.argv.slice(2)].join(" "),
  machine: machineInWords(),
  runtime: describeRuntime({ ...runtime, reasons: [] }),
  node: process.version,
  repeats: context.repeats,
  steps: context.steps,
  load: [loadBefore, loadBefore],
  joint: [],
};
const file = join(values.out, [report.date, machineSlug(), ...(values.only ?? [])].join("-"));
mkdirSync(values.out, { recursive: true });
/** Written after each part: a run that is stopped keeps what it has. */
const found = (part: Partial<Report>): void => {
  report = { ...report, ...part, load: [loadBefore, loadavg()[0]!] };
  writeFileSync(`${file}.json`, `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(`${file}.md`, renderReport(report));
};

const batches = wanted("joint") ? (values.batch ?? ["256", "1024", "4096"]).map(Number) : [];
for (const batch of batches) found({ joint: [...report.joint, await runJointCase(context, batch, 200_000)] });
if (wanted("dssm")) found({ dssm: await runDssmCase(context, 256, 200_000) });
if (wanted("tables")) found({ tables: await runTableCase(context, 1024, [200_000, 2_000_000, 10_000_000]) });
const { python } = context;
if (python !== undefined) {
  const long = { ...context, python, steps: 1 };
  if (wanted("loader")) found({ loader: await runLoaderCase({ ...long, rows: 1_000_000, batch: 1024 }) });
  if (wanted("scoring")) found({ scoring: await runScoringCase({ ...long, rows: 300_000 }) });
  if (wanted("topk")) found({ topk: await runTopkCase({ ...long, users: Number(values.users), items: 1_000_000 }) });
}
console.log(renderReport(report));
