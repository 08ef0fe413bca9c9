// npm run bench:score: the scoring job, reading and writing included, beside the same in PyTorch with pyarrow, in turns;
// then 10 million generated rows through one filter, with its memory.
import { type ChildProcess, spawn } from "node:child_process";
import { createReadStream, createWriteStream, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { parseArgs } from "node:util";
import { type FilterReport, filterArrow } from "../../src/run/score/filter-arrow.ts";
import { describeRuntime, loadRuntime } from "../../src/runtime/index.ts";
import { machineInWords, machineSlug } from "../machine.ts";
import { preparedPython } from "../python-environment.ts";
import { median } from "../statistics.ts";
import { BATCH, generatedStream, scoringTeacher, VALUES, writeRows } from "./scoring-case.ts";

const { values: options } = parseArgs({
  options: {
    repeats: { type: "string", default: "5" },
    batches: { type: "string", default: "8" },
    rows: { type: "string", default: "10000000" },
    out: { type: "string", default: "benchmarks/results" },
  },
});
type Turn = Pick<FilterReport, "rows" | "seconds" | "tensorSeconds">;
const BARS = { speed: 1.5, busy: 0.8, growth: 64 } as const;

const runtime = await loadRuntime();
if (runtime.native === undefined)
  throw new Error(`bench:score: needs the native runtime, got ${describeRuntime(runtime)}`);
const teacher = scoringTeacher({ ...runtime.native, gpu: runtime.kind === "native-gpu" });
const folder = mkdtempSync(join(tmpdir(), "twinstill-score-"));
const python = preparedPython();
const torch = spawn(python, [join(import.meta.dirname, "torch_score.py")], { stdio: ["pipe", "pipe", "inherit"] });
try {
  const report = await measure();
  const file = join(options.out, `score-${new Date().toISOString().slice(0, 10)}-${machineSlug()}.md`);
  writeFileSync(file, report.text);
  console.log(report.text);
  process.exitCode = report.reached ? 0 : 1;
} finally {
  torch.kill();
  teacher.program.close();
  rmSync(folder, { recursive: true, force: true });
}

async function measure(): Promise<{ readonly text: string; readonly reached: boolean }> {
  const source = join(folder, "rows.arrows");
  await writeRows(source, Number(options.batches));
  const answers = createInterface(torch.stdout!)[Symbol.asyncIterator]();
  const versions = JSON.parse((await answers.next()).value!) as { readonly torch: string; readonly pyarrow: string };
  const variants = ["eager", "compiled"];
  const load = loadavg()[0]!;
  await ours(source);
  const turns: Record<string, Turn[]> = { twinstill: [], eager: [], compiled: [] };
  for (const variant of variants) await theirs(torch, answers, { variant, source });
  for (let repeat = 0; repeat < Number(options.repeats); repeat++) {
    turns.twinstill!.push(await ours(source));
    for (const variant of variants) turns[variant]!.push(await theirs(torch, answers, { variant, source }));
    console.error(
      Object.entries(turns)
        .map(([name, own]) => `${name} ${Math.round(speed(own.at(-1)!))} rows/s`)
        .join(", "),
    );
  }
  const ratios = turns.twinstill!.map((own, i) => speed(own) / Math.max(...variants.map((v) => speed(turns[v]![i]!))));
  const busy = median(turns.twinstill!.map(({ seconds, tensorSeconds }) => tensorSeconds / seconds));
  const memory = await longRun();
  const growth = memory.peak - memory.early;
  const judged = [
    ["rows/s over the faster PyTorch", median(ratios), BARS.speed, median(ratios) >= BARS.speed],
    ["share of the time in the tensor library", busy, BARS.busy, busy >= BARS.busy],
    ["growth of memory after the first million rows, MB", growth, BARS.growth, growth <= BARS.growth],
  ] as const;
  const text = [
    `# Scoring, ${new Date().toISOString().slice(0, 10)}`,
    "",
    `MMoE over 12 fields of ${VALUES.toLocaleString("en")} values, width 16, 8 experts 256-128, towers 64; ${Number(options.batches) * BATCH} rows a turn, read from and`,
    "written to Arrow streams on disk, raw values encoded by vocabulary; turns interleaved.",
    `${machineInWords()}; ${describeRuntime({ ...runtime, reasons: [] })}; Node ${process.version}; PyTorch ${versions.torch}, pyarrow ${versions.pyarrow}; load average before ${load.toFixed(1)}.`,
    "",
    "| job | rows/s, median (least-most) | tensor share |",
    "|---|---|---|",
    ...Object.entries(turns).map(([name, own]) => {
      const speeds = own.map(speed);
      const share = median(own.map(({ seconds, tensorSeconds }) => tensorSeconds / seconds));
      const label = name === "twinstill" ? name : `PyTorch ${name}`;
      return `| ${label} | ${[median(speeds), Math.min(...speeds), Math.max(...speeds)].map((v) => Math.round(v).toLocaleString("en")).join(" / ")} | ${share.toFixed(2)} |`;
    }),
    "",
    "| what | found | bar | reached |",
    "|---|---|---|---|",
    ...judged.map(
      ([what, found, bar, reached]) => `| ${what} | ${found.toFixed(2)} | ${bar} | ${reached ? "yes" : "no"} |`,
    ),
    "",
    `${memory.rows.toLocaleString("en")} generated rows in ${memory.seconds.toFixed(0)} s; resident memory ${memory.early} MB after the first million rows, at most ${memory.peak} MB after it.`,
    "",
    "Command: npm run bench:score",
    "",
  ].join("\n");
  return { text, reached: judged.every(([, , , reached]) => reached) };
}

function speed({ rows, seconds }: Turn): number {
  return rows / seconds;
}

function ours(source: string): Promise<FilterReport> {
  return filterArrow(teacher, {
    input: createReadStream(source, { highWaterMark: 2 ** 20 }),
    output: createWriteStream(join(folder, "ours.arrows")),
  });
}

async function theirs(
  { stdin }: ChildProcess,
  answers: AsyncIterator<string>,
  { variant, source }: { readonly variant: string; readonly source: string },
): Promise<Turn> {
  const command = { variant, source, target: join(folder, "theirs.arrows"), values: VALUES, threads: cpus().length };
  stdin!.write(`${JSON.stringify(command)}\n`);
  return JSON.parse((await answers.next()).value!) as Turn;
}

async function longRun() {
  const batches = Math.ceil(Number(options.rows) / BATCH);
  const memory: number[] = [];
  let seen = 0;
  const output = new Writable({
    write(chunk: Uint8Array, _, done) {
      seen += chunk.length;
      memory.push(Math.round(process.memoryUsage.rss() / 2 ** 20));
      done();
    },
  });
  const { rows, seconds } = await filterArrow(teacher, { input: generatedStream(batches), output });
  if (seen === 0) throw new Error("bench:score: the filter must write, got nothing");
  const early = Math.max(...memory.slice(0, Math.ceil((memory.length * 1e6) / rows)));
  return { rows, seconds, early, peak: Math.max(...memory) };
}
