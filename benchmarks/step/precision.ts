// npx tsx benchmarks/step/precision.ts: the joint step with XLA and with bfloat16 products, which are off by default.
// Each runs in a process of its own, because TensorFlow reads these variables when it is loaded.
import { execFileSync } from "node:child_process";
import { createProgram } from "../../src/engine/program.ts";
import { loadRuntime } from "../../src/runtime/index.ts";
import { median } from "../statistics.ts";
import { stepBatches } from "./batches.ts";
import { jointEntry, jointParameters, RATES } from "./joint-model.ts";

const [BATCH, ROWS, STEPS] = [1024, 200_000, 50];
const SETTINGS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  default: {},
  "bfloat16 products": { TF_SET_ONEDNN_FPMATH_MODE: "BF16" },
  XLA: { TF_XLA_FLAGS: "--tf_xla_auto_jit=2 --tf_xla_cpu_global_jit" },
};

interface Measured {
  readonly milliseconds: number;
  readonly losses: readonly number[];
}

async function measure(): Promise<Measured> {
  const runtime = await loadRuntime({ device: "native" });
  const native = { ...runtime.native!, gpu: false };
  const program = createProgram(jointParameters(ROWS), { train: jointEntry }, { native });
  const batches = stepBatches(BATCH, ROWS);
  const times: number[] = [];
  const losses = Array.from({ length: STEPS }, (_, k) => {
    const start = performance.now();
    const { loss } = program.train("train", { batch: batches[k % batches.length]!, rates: RATES });
    times.push(performance.now() - start);
    return loss;
  });
  return { milliseconds: median(times.slice(10)), losses };
}

if (process.argv[2] === "child") console.log(JSON.stringify(await measure()));
else {
  const args = [...process.execArgv, import.meta.filename, "child"];
  let base: Measured | undefined;
  for (const [name, variables] of Object.entries(SETTINGS)) {
    const text = execFileSync(process.execPath, args, { encoding: "utf8", env: { ...process.env, ...variables } });
    const found = JSON.parse(text) as Measured;
    base ??= found;
    const differences = found.losses.map((loss, k) => Math.abs(loss / base!.losses[k]! - 1));
    console.log(
      `${name}: ${found.milliseconds.toFixed(1)} ms a step, losses differ by at most ${Math.max(...differences).toExponential(1)} of their value over ${STEPS} steps`,
    );
  }
}
