import type { LoaderCase } from "./pipeline/loader-case.ts";
import { loaderSection, scoringSection, topkSection } from "./pipeline/pipeline-report.ts";
import type { ScoringCase } from "./pipeline/scoring-case.ts";
import type { TopkCase } from "./pipeline/topk-case.ts";
import { judged, milliseconds, table } from "./report-format.ts";
import type { Rounds, Times } from "./rounds.ts";
import { median } from "./statistics.ts";
import { type JointCase, REPLAY, type StepCase, type TableCase } from "./step/cases.ts";

/** Everything that a run of the benchmark found. */
export interface Report {
  readonly date: string;
  readonly command: string;
  readonly machine: string;
  readonly runtime: string;
  readonly node: string;
  readonly repeats: number;
  readonly steps: number;
  /** Load averages over a minute, before and after. */
  readonly load: readonly [before: number, after: number];
  readonly joint: readonly JointCase[];
  readonly tables?: TableCase;
  readonly dssm?: StepCase;
  readonly loader?: LoaderCase;
  readonly topk?: TopkCase;
  readonly scoring?: ScoringCase;
}

/** Bars of the project's own plan: fastest PyTorch over ours, plain tfjs-node over ours, by batch size. */
const BARS: Readonly<Record<number, { readonly torch: number; readonly plain: number; readonly share?: number }>> = {
  256: { torch: 1.7, plain: 5 },
  1024: { torch: 1.4, plain: 3, share: 0.8 },
  4096: { torch: 1.3, plain: 2, share: 0.8 },
};
const TABLE_BARS: Readonly<Record<string, number>> = { "2000000 rows": 1.05, "10000000 rows": 1.1 };
const DSSM_BAR = 2;

const STEP_COLUMNS = ["side", "ms a step", "processor ms a step", "loss at the end"];
const stepRow = ({ name, medians, cpuMedians, loss }: Times): string[] => [
  name,
  milliseconds(medians),
  median(cpuMedians).toFixed(2),
  loss.toFixed(3),
];

/** The same as `ratio`, of processor time. */
function cpuRatio({ times }: Rounds, others: readonly string[]): number {
  const of = (name: string) => times.find((candidate) => candidate.name === name)!.cpuMedians;
  return median(of(REPLAY).map((time, i) => Math.min(...others.map((name) => of(name)[i]!)) / time));
}

/** Medians of one contender, one a repeat. */
function mediansOf({ times }: Rounds, name: string): readonly number[] {
  return times.find((candidate) => candidate.name === name)?.medians ?? [];
}

/** Median over the repeats of how many times longer the fastest of `others` takes than ours. */
function ratio(rounds: Rounds, others: readonly string[]): number {
  const own = mediansOf(rounds, REPLAY);
  return median(own.map((time, i) => Math.min(...others.map((name) => mediansOf(rounds, name)[i]!)) / time));
}

const torchNames = ({ times }: Rounds): string[] =>
  times.map(({ name }) => name).filter((name) => name.startsWith("PyTorch"));

export function renderReport(report: Report): string {
  const { joint, tables, dssm, loader, topk, scoring } = report;
  const torchVersion = [...joint, ...(dssm ? [dssm] : [])].find((found) => found.torchVersion)?.torchVersion;
  const cases: readonly Rounds[] = [
    ...joint,
    ...(tables ? [tables] : []),
    ...(dssm ? [dssm] : []),
    ...(loader ? [loader.batches, ...Object.values(loader.reading)] : []),
    ...(topk ? [topk] : []),
    ...(scoring ? [scoring] : []),
  ];
  const again = cases.reduce((total, { turnsTakenAgain }) => total + turnsTakenAgain, 0);
  const disturbed = cases.reduce((total, { turnsDisturbed }) => total + turnsDisturbed, 0);
  return [
    `# Benchmark, ${report.date}`,
    "",
    `Machine: ${report.machine}. Runtime: ${report.runtime}. Node ${report.node}.${torchVersion ? ` PyTorch ${torchVersion}.` : ""}`,
    `Command: \`${report.command}\`. Milliseconds a step: median of ${report.repeats} repeats of ${report.steps} steps, taken in turns of 5 (of reading, scoring and lists: of ${report.repeats} whole runs, in turns); in brackets the lowest and highest.`,
    `Load average before and after: ${report.load.map((value) => value.toFixed(1)).join(", ")}. Turns taken again because other programs used the processors: ${again}; turns kept although they did: ${disturbed}.`,
    "",
    ...joint.flatMap(jointSection),
    ...(tables ? tableSection(tables) : []),
    ...(dssm ? dssmSection(dssm) : []),
    ...(loader ? loaderSection(loader) : []),
    ...(scoring ? scoringSection(scoring) : []),
    ...(topk ? topkSection(topk) : []),
  ].join("\n");
}

function jointSection(found: JointCase): string[] {
  const { batch, rows, products, gigaflop, peak, times } = found;
  const bars = BARS[batch];
  const own = mediansOf(found, REPLAY);
  const share = median(own.map((time, i) => products[i]! / time));
  const rate = (gigaflop / median(own)) * 1e3;
  return [
    `## Joint step, batch ${batch}, two tables of ${rows} rows`,
    "",
    ...table(STEP_COLUMNS, times.map(stepRow)),
    "",
    ...torchLines(found, bars?.torch),
    `* plain tfjs-node / twinstill: ${judged(ratio(found, ["plain tfjs-node"]), bars?.plain)}`,
    `* its own matrix products (${gigaflop.toFixed(2)} GFLOP), each timed alone: ${milliseconds(products)} ms, ${judged(share, bars?.share)} of the step`,
    `* ${rate.toFixed(0)} GFLOP/s, ${((100 * rate) / peak).toFixed(0)} % of the library's matmul peak of ${peak.toFixed(0)}`,
    "",
  ];
}

function tableSection(found: TableCase): string[] {
  const [base] = found.times;
  const rows = found.times.map(({ name, medians }, i) => {
    const growth = median(medians.map((time, repeat) => time / base!.medians[repeat]!));
    const { create, firstStep } = found.startUps[i]!;
    return [name, milliseconds(medians), judged(growth, TABLE_BARS[name], "less"), seconds(create), seconds(firstStep)];
  });
  const head = ["each of two tables", "ms a step", "times the first", "created in s", "first step after s"];
  return [`## Joint step by table size, batch ${found.batch}`, "", ...table(head, rows), ""];
}

const seconds = (value: number): string => (value / 1e3).toFixed(2);

function torchLines(found: Rounds, bar: number | undefined): string[] {
  const names = torchNames(found);
  if (names.length === 0) return [];
  return [
    `* fastest PyTorch / twinstill: ${judged(ratio(found, names), bar)}; in processor time, cheapest PyTorch / twinstill: ${cpuRatio(found, names).toFixed(2)}`,
  ];
}

function dssmSection(found: StepCase): string[] {
  return [
    `## DSSM alone, batch ${found.batch}, towers 64-32, a table of ${found.rows} rows`,
    "",
    ...table(STEP_COLUMNS, found.times.map(stepRow)),
    "",
    ...torchLines(found, DSSM_BAR),
    "* In turns of 100 steps, 400 a repeat: a step this short would in turns of 5 be timed while its side is still waking up.",
    "",
  ];
}
