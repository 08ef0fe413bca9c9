import type { NativeEngine } from "../../src/engine/native.ts";
import { profileEntry } from "../../src/engine/profile.ts";
import type { NativeRuntime } from "../../src/runtime/native-types.ts";
import type { Contender } from "../contender.ts";
import { type Rounds, takeRounds } from "../rounds.ts";
import { median, sum } from "../statistics.ts";
import { stepBatches } from "./batches.ts";
import { dssmEntry, dssmParameters } from "./dssm-model.ts";
import { jointEntry, jointParameters } from "./joint-model.ts";
import { matmulPeak, type Product, productsOf, timeProducts } from "./products.ts";
import { plainContender, replayContender, type StartUp } from "./step-contenders.ts";
import { type TorchVariant, torchContender } from "./torch-contender.ts";

export interface BenchContext {
  readonly native: NativeEngine & NativeRuntime;
  /** Without it PyTorch is left out. */
  readonly python: string | undefined;
  readonly threads: number;
  readonly repeats: number;
  readonly steps: number;
  readonly patience: number;
  readonly say: (line: string) => void;
}

/** Name of our side in the results. */
export const REPLAY = "twinstill";

export interface StepCase extends Rounds {
  readonly batch: number;
  readonly rows: number;
  readonly startUp: StartUp;
  readonly torchVersion?: string;
}

export interface JointCase extends StepCase {
  /** Milliseconds of the step's matrix products alone, one a repeat. */
  readonly products: readonly number[];
  readonly gigaflop: number;
  /** Gigaflop a second of the library's best product. */
  readonly peak: number;
}

const VARIANTS: readonly TorchVariant[] = ["sparse", "dense", "compile-sparse", "compile-dense"];

/** The joint step at one batch size beside PyTorch, plain tfjs-node and its own matrix products. */
export async function runJointCase(context: BenchContext, batch: number, rows: number): Promise<JointCase> {
  const { native, say } = context;
  say(`bench: joint step, batch ${batch}, tables of ${rows} rows`);
  const own = replayContender(native, REPLAY, { parameters: jointParameters(rows), entry: jointEntry, batch, rows });
  const torch = await torchContenders(context, "joint", batch, rows);
  const products = jointProducts(native, batch);
  const measured: number[] = [];
  const floor: Contender = {
    name: "matrix products",
    turn: async () => {
      const cpu = process.cpuUsage();
      const milliseconds = [timeProducts(native, products)];
      const { user, system } = process.cpuUsage(cpu);
      return { milliseconds, cpuMilliseconds: (user + system) / 1e3, loss: 0 };
    },
    close: () => undefined,
  };
  const contenders = [own, plainContender(batch, rows), ...torch];
  const rounds = await takeRounds([...contenders, floor], context);
  say(describeTimes(rounds));
  for (const contender of contenders) contender.close();
  measured.push(...rounds.times.at(-1)!.medians);
  return {
    ...rounds,
    times: rounds.times.slice(0, -1),
    batch,
    rows,
    startUp: own.startUp,
    ...(torch[0] && { torchVersion: String(torch[0].hello.version) }),
    products: measured,
    gigaflop: sum(products.map(({ gigaflop, count }) => gigaflop * count)),
    peak: median(Array.from({ length: 3 }, () => matmulPeak(native))),
  };
}

const describeTimes = ({ times }: Rounds): string =>
  times.map(({ name, medians }) => `  ${name}: ${median(medians).toFixed(2)} ms`).join("\n");

function jointProducts(native: NativeEngine, batch: number): readonly Product[] {
  const rows = 1000; // the products do not depend on it
  const [first] = stepBatches(batch, rows);
  const entries = { train: jointEntry };
  return productsOf(profileEntry(native, jointParameters(rows), entries, "train", { batch: first!, repeats: 1 }));
}

async function torchContenders(context: BenchContext, model: "joint" | "dssm", batch: number, rows: number) {
  const { python, threads } = context;
  if (python === undefined) return [];
  const started = [];
  for (const variant of VARIANTS) started.push(await torchContender(python, { model, variant, batch, rows, threads }));
  return started;
}

/** The joint step over tables of several sizes, ours alone. */
export async function runTableCase(context: BenchContext, batch: number, sizes: readonly number[]) {
  const contenders = sizes.map((rows) => {
    context.say(`bench: joint step, batch ${batch}, tables of ${rows} rows`);
    const options = { parameters: jointParameters(rows), entry: jointEntry, batch, rows };
    return replayContender(context.native, `${rows} rows`, options);
  });
  const rounds = await takeRounds(contenders, context);
  context.say(describeTimes(rounds));
  for (const contender of contenders) contender.close();
  return { ...rounds, batch, startUps: contenders.map(({ startUp }) => startUp) };
}

export type TableCase = Awaited<ReturnType<typeof runTableCase>>;

/** Steps of about a millisecond: in turns of 5 what is timed is the switch from one side to the next, on both. */
const SHORT_STEPS = { steps: 400, stepsATurn: 100 };

/** The small step: the student alone. */
export async function runDssmCase(context: BenchContext, batch: number, rows: number): Promise<StepCase> {
  context.say(`bench: DSSM alone, batch ${batch}, table of ${rows} rows`);
  const own = replayContender(context.native, REPLAY, {
    parameters: dssmParameters(rows),
    entry: dssmEntry,
    batch,
    rows,
  });
  const torch = await torchContenders(context, "dssm", batch, rows);
  const rounds = await takeRounds([own, ...torch], { ...context, ...SHORT_STEPS });
  context.say(describeTimes(rounds));
  for (const contender of [own, ...torch]) contender.close();
  return {
    ...rounds,
    batch,
    rows,
    startUp: own.startUp,
    ...(torch[0] && { torchVersion: String(torch[0].hello.version) }),
  };
}
