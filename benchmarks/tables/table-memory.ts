// npm run bench:tables [rows]: memory of a joint program with large tables beside one with small ones, each in a process
// of its own: after training, after a second entry was captured, after a checkpoint was written and loaded, and at the
// worst moment.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lookup } from "../../src/engine/lookup.ts";
import { createProgram } from "../../src/engine/program.ts";
import type { Entries } from "../../src/engine/step.ts";
import { loadCheckpoint, saveCheckpoint } from "../../src/run/checkpoint.ts";
import { trainStart } from "../../src/run/events.ts";
import { runFolder } from "../../src/run/run-folder.ts";
import { loadRuntime } from "../../src/runtime/index.ts";
import { stepBatches } from "../step/batches.ts";
import { jointEntry, jointParameters, RATES, WIDTH } from "../step/joint-model.ts";

/** Resident megabytes, and seconds. */
interface Measured {
  readonly memory: Readonly<Record<"trained" | "secondEntry" | "checkpoint" | "peak", number>>;
  readonly seconds: Readonly<Record<"firstStep" | "secondEntry" | "saved" | "loaded", number>>;
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
  const batches = stepBatches(256, rows);
  const program = createProgram(parameters, entries, { native });
  const train = (k: number) => program.train("train", { batch: batches[k % 8]!, rates: RATES });
  const firstStep = await timed(() => train(0));
  for (let k = 1; k <= 30; k++) train(k);
  const trained = resident();
  const secondEntry = await timed(() => program.forward("rows", batches[0]!));
  const captured = resident();
  const path = mkdtempSync(join(tmpdir(), "twinstill-bench-"));
  const folder = runFolder(path);
  const options = { state: trainStart, dataFingerprint: "", best: false, keepLast: 1 };
  let checkpoint = "";
  const saved = await timed(async () => {
    checkpoint = await saveCheckpoint(folder, program, options);
  });
  const loaded = await timed(() => loadCheckpoint(folder, checkpoint, program, { what: "all" }));
  rmSync(path, { recursive: true });
  const peak = process.resourceUsage().maxRSS / 2 ** 10;
  return {
    memory: { trained, secondEntry: captured, checkpoint: resident(), peak },
    seconds: { firstStep, secondEntry, saved, loaded },
  };
}

async function timed(work: () => unknown): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1e3;
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
  for (const at of ["trained", "secondEntry", "checkpoint", "peak"] as const) {
    const growth = large.memory[at] - small.memory[at];
    console.log(`${at}: ${growth.toFixed(0)} MB more, ${(growth / state).toFixed(2)} times that`);
  }
  console.log(`seconds: ${JSON.stringify(large.seconds)}`);
}
