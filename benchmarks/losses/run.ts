// npm run bench:losses: forward and backward of each loss over lists [1024, 100] beside PyTorch, interleaved in one run.
import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import type * as tf from "@tensorflow/tfjs";
import type { NativeEngine } from "../../src/engine/native.ts";
import { createProgram } from "../../src/engine/program.ts";
import { randomStream } from "../../src/random.ts";
import { describeRuntime, loadRuntime } from "../../src/runtime/index.ts";
import { type Contender, localContender, type Turn } from "../contender.ts";
import { machineInWords, machineSlug } from "../machine.ts";
import { preparedPython } from "../python-environment.ts";
import { takeRounds } from "../rounds.ts";
import { median } from "../statistics.ts";
import { FLOOR, LOSSES, type LossCase, meanOf } from "./cases.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string", multiple: true },
    repeats: { type: "string", default: "3" },
    steps: { type: "string", default: "10" },
    /** Seconds to wait for each loss, all in all, for other programs to leave the processors. */
    patience: { type: "string", default: "10" },
    out: { type: "string", default: "benchmarks/results" },
  },
});
const [LISTS, ITEMS] = [1024, 100];
/** Ours over PyTorch's: the bar of every loss. */
const BAR = 1.2;
/** Milliseconds of a step below which turns are longer: else what is timed is the switch from one side to the other. */
const SHORT = 5;

const runtime = await loadRuntime();
if (runtime.native === undefined) throw new Error(`bench: needs the native runtime, got ${describeRuntime(runtime)}`);
const native: NativeEngine = { ...runtime.native, gpu: runtime.kind === "native-gpu" };

const stream = randomStream(1, "benchmark of losses");
const draw = (): Float32Array => Float32Array.from({ length: LISTS * ITEMS }, () => stream.normal());
const [student, teacher] = [draw(), draw()];
const ranks = ranksOfLists(teacher);

/** [LISTS, ITEMS] place of each item in its list, 1 the best. */
function ranksOfLists(scores: Float32Array): Float32Array {
  const out = new Float32Array(scores.length);
  for (let from = 0; from < scores.length; from += ITEMS) {
    const order = Array.from({ length: ITEMS }, (_, i) => from + i).sort((a, b) => scores[b]! - scores[a]!);
    for (const [place, at] of order.entries()) out[at] = place + 1;
  }
  return out;
}

/** A step that only takes the loss of a parameter: its update by rate 0 is part of it on both sides. */
function ours({ loss, takesRanks }: LossCase): Contender {
  const initialiser = { kind: "constant", value: 0 } as const;
  const program = createProgram(
    {
      student: { kind: "dense", name: "student", shape: [LISTS, ITEMS], initialiser, group: "all" },
      teacher: { kind: "dense", name: "teacher", shape: [LISTS, ITEMS], initialiser, group: "held" },
    },
    {
      train: {
        kind: "train",
        optimisers: { all: { dense: { kind: "sgd" }, table: { kind: "sgd" } } },
        step: ({ student: s, teacher: t }, _batch, { noise }) => ({
          loss: meanOf(loss(s as tf.Tensor, t as tf.Tensor, noise)),
          parts: {},
        }),
      },
    },
    { native },
  );
  program.write("student", student);
  program.write("teacher", takesRanks ? ranks : teacher);
  const batch = { none: { data: new Float32Array(1), shape: [1] } };
  return localContender("twinstill", () => program.train("train", { batch, rates: { all: 0 } }).loss, program.close);
}

interface Torch {
  readonly version: string;
  readonly contender: (item: LossCase) => Contender;
  readonly stop: () => void;
}

/** One Python process for all losses; it waits between its turns. */
async function startTorch(python: string): Promise<Torch> {
  const child = spawn(python, ["-W", "ignore", join(import.meta.dirname, "torch_losses.py")], {
    stdio: ["pipe", "pipe", "inherit"],
    // Threads that wait must not keep a processor that others need: a busy machine would slow PyTorch a hundredfold.
    env: { ...process.env, OMP_WAIT_POLICY: "PASSIVE" },
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async (message: unknown): Promise<unknown> => {
    child.stdin.write(`${JSON.stringify(message)}\n`);
    const { value, done } = await lines.next();
    if (done) throw new Error("PyTorch stopped; its message is above");
    return JSON.parse(value);
  };
  const text = (data: Float32Array): string => Buffer.from(data.buffer).toString("base64");
  const given = {
    student: text(student),
    teacher: text(teacher),
    ranks: text(ranks),
    lists: LISTS,
    items: ITEMS,
    threads: cpus().length,
  };
  const { version } = (await ask(given)) as { version: string };
  const contender = ({ name: loss, takesRanks }: LossCase): Contender => ({
    name: "PyTorch",
    turn: async (steps) => (await ask({ loss, steps, given: takesRanks ? "ranks" : "teacher" })) as Turn,
    close: () => {},
  });
  return { version, contender, stop: () => void child.kill() };
}

interface Found {
  readonly name: string;
  /** Median and fastest step of each side, in milliseconds. */
  readonly ours: Speed;
  readonly torch: Speed;
  readonly disturbed: number;
}

interface Speed {
  readonly median: number;
  readonly fastest: number;
}

/** A contender that remembers its fastest step. */
function watched(contender: Contender): Contender & { readonly fastest: () => number } {
  let fastest = Number.POSITIVE_INFINITY;
  const turn = async (steps: number): Promise<Turn> => {
    const taken = await contender.turn(steps);
    fastest = Math.min(fastest, ...taken.milliseconds);
    return taken;
  };
  return { ...contender, turn, fastest: () => fastest };
}

const torch = await startTorch(preparedPython());
const loadBefore = loadavg()[0]!;
const found: Found[] = [];
for (const item of LOSSES.filter(({ name }) => values.only === undefined || values.only.includes(name))) {
  const contenders = [watched(ours(item)), watched(torch.contender(item))] as const;
  for (const { turn } of contenders) await turn(2);
  const { milliseconds } = await contenders[0].turn(2);
  const isShort = median(milliseconds) < SHORT;
  const { times, turnsDisturbed } = await takeRounds(contenders, {
    repeats: Number(values.repeats),
    ...(isShort ? { steps: 10 * Number(values.steps), stepsATurn: 50 } : { steps: Number(values.steps) }),
    patience: 1e3 * Number(values.patience),
  });
  const [own, other] = times as [(typeof times)[0], (typeof times)[0]];
  const gap = Math.abs(own.loss - other.loss);
  if (!item.isRandom && !(gap <= 2e-4 * Math.max(1, Math.abs(other.loss))))
    throw new Error(`bench: ${item.name} must be the same on both sides, got ${own.loss} and ${other.loss}`);
  const [mine, theirs] = contenders.map(({ fastest }, i) => ({
    median: median(times[i]!.medians),
    fastest: fastest(),
  })) as [Speed, Speed];
  found.push({ name: item.name, ours: mine, torch: theirs, disturbed: turnsDisturbed });
  console.error(`${item.name}: ${mine.fastest.toFixed(2)} ms, PyTorch ${theirs.fastest.toFixed(2)} ms`);
  contenders[0].close();
}
torch.stop();

const ratioOf = ({ ours: own, torch: other }: Found): number => own.fastest / other.fastest;
/** What a loss adds to a step without one, that a step pays once however many losses it has. */
const floor = found.find(({ name }) => name === FLOOR);
const added = ({ ours: own, torch: other }: Found): string => {
  const [mine, theirs] = [own.fastest - (floor?.ours.fastest ?? 0), other.fastest - (floor?.torch.fastest ?? 0)];
  return `${mine.toFixed(2)} / ${theirs.toFixed(2)}`;
};
const rows = found.map((one) => {
  const judged = `${ratioOf(one).toFixed(2)}${ratioOf(one) <= BAR ? "" : ` (bar ${BAR}: missed)`}`;
  const cells = [one.ours.fastest, one.torch.fastest, one.ours.median, one.torch.median];
  return `| ${one.name} | ${cells.map((time) => time.toFixed(2)).join(" | ")} | ${judged} | ${added(one)} |`;
});
const date = new Date().toISOString().slice(0, 10);
const report = [
  `# Losses over lists [${LISTS}, ${ITEMS}], forward and backward, ${date}`,
  "",
  `Machine: ${machineInWords()}. Runtime: ${describeRuntime({ ...runtime, reasons: [] })}. Node ${process.version}. PyTorch ${torch.version}, eager, ${cpus().length} threads.`,
  `Command: \`${["npm run bench:losses", ...process.argv.slice(2)].join(" ")}\`. Milliseconds a step: the fastest, which other programs disturb least, and the median of ${values.repeats} repeats of ${values.steps} steps in turns of 5 (of steps below ${SHORT} ms: ten times as many, in turns of 50), one side after the other. The losses of both sides agree. Losses that take ranks are given them.`,
  `Load average before and after: ${[loadBefore, loadavg()[0]!].map((load) => load.toFixed(1)).join(", ")}. Turns kept although other programs used the processors: ${found.reduce((sum, { disturbed }) => sum + disturbed, 0)}.`,
  "",
  "| loss | twinstill, fastest | PyTorch, fastest | twinstill, median | PyTorch, median | fastest / fastest | added to the step of `mean` |",
  "|---|---|---|---|---|---|---|",
  ...rows,
  "",
  `${found.filter((one) => ratioOf(one) <= BAR).length} of ${found.length} within ${BAR} times PyTorch.`,
  "",
].join("\n");
mkdirSync(values.out, { recursive: true });
writeFileSync(join(values.out, `losses-${date}-${machineSlug()}.md`), report);
console.log(report);
