// npm run bench: the training step beside PyTorch and plain tfjs-node, interleaved in one run. See docs/benchmarks.md.

import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { describeRuntime, loadRuntime } from "../src/runtime/index.ts";
import { machineInWords, machineSlug } from "./machine.ts";
import { type LoaderCase, runLoaderCase } from "./pipeline/loader-case.ts";
import { runScoringCase, type ScoringCase } from "./pipeline/scoring-case.ts";
import { runTopkCase, type TopkCase } from "./pipeline/topk-case.ts";
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
const batches = (values.batch ?? ["256", "1024", "4096"]).map(Number);
const joint = [];
if (wanted("joint")) for (const batch of batches) joint.push(await runJointCase(context, batch, 200_000));
const tables = wanted("tables") ? await runTableCase(context, 1024, [200_000, 2_000_000, 10_000_000]) : undefined;
const dssm = wanted("dssm") ? await runDssmCase(context, 256, 200_000) : undefined;
const { python } = context;
let loader: LoaderCase | undefined;
let topk: TopkCase | undefined;
let scoring: ScoringCase | undefined;
if (python !== undefined && wanted("loader"))
  loader = await runLoaderCase({ ...context, python, rows: 1_000_000, batch: 1024, steps: 1 });
if (python !== undefined && wanted("scoring"))
  scoring = await runScoringCase({ ...context, python, rows: 300_000, steps: 1 });
if (python !== undefined && wanted("topk"))
  topk = await runTopkCase({ ...context, python, users: Number(values.users), items: 1_000_000, steps: 1 });

const report: Report = {
  date: new Date().toISOString().slice(0, 10),
  command: ["npm run bench", ...process.argv.slice(2)].join(" "),
  machine: machineInWords(),
  runtime: describeRuntime({ ...runtime, reasons: [] }),
  node: process.version,
  repeats: context.repeats,
  steps: context.steps,
  load: [loadBefore, loadavg()[0]!],
  joint,
  ...(tables && { tables }),
  ...(dssm && { dssm }),
  ...(loader && { loader }),
  ...(topk && { topk }),
  ...(scoring && { scoring }),
};
mkdirSync(values.out, { recursive: true });
const file = join(values.out, `${report.date}-${machineSlug()}`);
writeFileSync(`${file}.json`, `${JSON.stringify(report, null, 2)}\n`);
writeFileSync(`${file}.md`, renderReport(report));
console.log(renderReport(report));
