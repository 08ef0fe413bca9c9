// npm run bench:tables [rows]: memory of a joint program with large tables beside one with small ones, each in a process
// of its own: after creation, after training, after a second entry was captured, and at the worst moment.
import { execFileSync } from "node:child_process";
import { lookup } from "../../src/engine/lookup.ts";
import { createProgram } from "../../src/engine/program.ts";
import type { Entries } from "../../src/engine/step.ts";
import { loadRuntime } from "../../src/runtime/index.ts";
import { stepBatches } from "../step/batches.ts";
import { jointEntry, jointParameters, RATES, WIDTH } from "../step/joint-model.ts";

interface Measured {
  readonly created: number;
  readonly trained: number;
  readonly secondEntry: number;
  readonly peak: number;
  readonly seconds: { readonly created: number; readonly firstStep: number; readonly secondEntry: number };
}

const megabytes = (bytes: number): number => bytes / 2 ** 20;
const SMALL = 1000;

async function measure(rows: number): Promise<Measured> {
  const runtime = await loadRuntime({ device: "native" });
  const native = { ...runtime.native!, gpu: runtime.kind === "native-gpu" };
  const parameters = jointParameters(rows);
  const entries = {
    train: jointEntry,
    rows: { kind: "forward", forward: (values, batch) => ({ rows: lookup(values.student.table, batch.ids!) }) },
  } satisfies Entries<typeof parameters>;
  const resident = (): number => megabytes(process.memoryUsage().rss);
  const clock = (start: number): number => (performance.now() - start) / 1e3;
  const [start, batches] = [performance.now(), stepBatches(256, rows)];
  const program = createProgram(parameters, entries, { native });
  const [created, createdSeconds] = [resident(), clock(start)];
  const step = performance.now();
  program.train("train", { batch: batches[0]!, rates: RATES });
  const firstStep = clock(step);
  for (let k = 0; k < 30; k++) program.train("train", { batch: batches[k % 8]!, rates: RATES });
  const trained = resident();
  const second = performance.now();
  program.forward("rows", batches[0]!);
  const seconds = { created: createdSeconds, firstStep, secondEntry: clock(second) };
  const peak = process.resourceUsage().maxRSS / 2 ** 10;
  return { created, trained, secondEntry: resident(), peak, seconds };
}

const [argument, role] = process.argv.slice(2);
const rows = Number(argument ?? 10_000_000);
if (role === "child") console.log(JSON.stringify(await measure(rows)));
else {
  const run = (size: number): Measured => {
    const args = [...process.execArgv, import.meta.filename, String(size), "child"];
    return JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" })) as Measured;
  };
  const [small, large] = [run(SMALL), run(rows)];
  const state = megabytes((rows - SMALL) * WIDTH * 4 * 2 * 2); // two tables, each with its accumulator
  console.log(`${rows} rows: tables and their state take ${state.toFixed(0)} MB more than with ${SMALL} rows`);
  for (const at of ["created", "trained", "secondEntry", "peak"] as const) {
    const growth = large[at] - small[at];
    console.log(`${at}: ${growth.toFixed(0)} MB more, ${(growth / state).toFixed(2)} times that`);
  }
  console.log(`seconds: ${JSON.stringify(large.seconds)}`);
}
