// npx tsx benchmarks/rankflow/switched-off.ts: how much of each gain is left where the property of the world that it rests on is switched off.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Metrics } from "../../src/run/evaluation/evaluate.ts";
import { describeRuntime, loadRuntime } from "../../src/runtime/index.ts";
import { table } from "../report-format.ts";
import { measureSeed } from "./measure.ts";

const RUNS = ["negatives", "exposed", "joint", "list-kd", "rankflow"];

const noCross = { ctr: { cross: 0 }, cvr: { cross: 0, priceGap: 0 } };
/** Worlds by what they lack. Random exposure draws fewer clicks: its other constants keep their number about alike. */
const WORLDS = {
  nothing: {},
  "selection bias": { policy: "uniform", ctr: { bias: -2.6 }, exposed: 15 },
  "cross features": noCross,
  "sparse conversions": { cvr: { bias: 1 } },
  "cross features and sparse conversions": { ...noCross, cvr: { ...noCross.cvr, bias: 3 } },
} as const;

const GAINS = [
  ["negatives", "exposed"],
  ["joint", "negatives"],
  ["list-kd", "negatives"],
  ["rankflow", "negatives"],
] as const;

const seeds = (process.env.SEEDS ?? "11").split(",").map(Number);
const runtime = await loadRuntime();
const native = runtime.native && { ...runtime.native, gpu: runtime.kind === "native-gpu" };
const kept = process.env.KEEP;
const folder = kept ?? mkdtempSync(join(tmpdir(), "twinstill-switched-off-"));
const found = new Map<string, readonly ReadonlyMap<string, Metrics>[]>();
try {
  for (const [name, world] of Object.entries(WORLDS)) {
    const measured: ReadonlyMap<string, Metrics>[] = [];
    for (const seed of seeds) {
      console.error(`without ${name}, seed ${seed}`);
      const base = join(folder, name.replaceAll(" ", "-"), String(seed));
      measured.push((await measureSeed(seed, base, { native, world, only: RUNS })).rows);
    }
    found.set(name, measured);
  }
} finally {
  if (kept === undefined) rmSync(folder, { recursive: true, force: true });
}

/** Relative gain, mean of the seeds. */
function gain(world: string, [row, over]: (typeof GAINS)[number], metric: string): number {
  const gains = found.get(world)!.map((rows) => rows.get(row)![metric]! / rows.get(over)![metric]! - 1);
  return gains.reduce((sum, value) => sum + value, 0) / gains.length;
}

const percent = (value: number): string => `${value < 0 ? "-" : "+"}${Math.abs(100 * value).toFixed(0)} %`;
const sections = ["recall", "conversions"].map((metric) => {
  const rows = GAINS.map((pair) => {
    const whole = gain("nothing", pair, metric);
    const cells = Object.keys(WORLDS).map((world) => {
      const own = gain(world, pair, metric);
      return world === "nothing" ? percent(own) : `${percent(own)} (${(100 * (1 - own / whole)).toFixed(0)} % gone)`;
    });
    return [`${pair[0]} over ${pair[1]}`, ...cells];
  });
  return [
    `## Gain in ${metric}`,
    "",
    ...table(["gain", ...Object.keys(WORLDS).map((name) => `without ${name}`)], rows),
    "",
  ];
});
const date = new Date().toISOString().slice(0, 10);
const page = [
  `# What the gains of cascades rest on, ${date}`,
  "",
  `Runtime: ${describeRuntime({ ...runtime, reasons: [] })}. Node ${process.version}. Command: npx tsx benchmarks/rankflow/switched-off.ts. Seeds ${seeds.join(", ")}.`,
  "",
  "Worlds of the simulator in which one property is switched off; relative gains, mean of the seeds, and which share of the gain",
  "in the whole world is gone (more than 100 %: the gain became a loss; below 0: it grew).",
  "",
  ...sections.flat(),
].join("\n");
if (process.env.SEEDS === undefined) writeFileSync(`benchmarks/results/switched-off-${date}.md`, page);
console.log(page);
