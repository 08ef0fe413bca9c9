// One simulated world: its runs, and what each row of stages reaches against the world's truth.
import { existsSync, mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import type { z } from "zod";
import type { NativeEngine } from "../../src/engine/native.ts";
import { readCascadeConfig } from "../../src/run/cascade/cascade-config.ts";
import { executeCascade } from "../../src/run/cascade/execute-cascade.ts";
import { openCascade } from "../../src/run/cascade/open-cascade.ts";
import { truthMetrics } from "../../src/run/cascade/truth-metrics.ts";
import { findCheckpoint, loadFirstValues } from "../../src/run/checkpoint.ts";
import type { Metrics } from "../../src/run/evaluation/evaluate.ts";
import { runFolder } from "../../src/run/run-folder.ts";
import { cascadeConfig } from "../../src/simulate/cascade-config.ts";
import { createWorld } from "../../src/simulate/world.ts";
import { writeCascade } from "../../src/simulate/write-cascade.ts";
import { ROWS, RUNS, type Run } from "./methods.ts";

export interface MeasureOptions {
  readonly native: NativeEngine | undefined;
  /** Constants of the world in place of the defaults. */
  readonly world?: z.input<typeof cascadeConfig>;
  /** Runs that are made; default: all. */
  readonly only?: readonly string[] | undefined;
}

export interface Measured {
  /** By row of stages. */
  readonly rows: ReadonlyMap<string, Metrics>;
  /** Training time by run. */
  readonly seconds: ReadonlyMap<string, number>;
}

/** Makes what is not there yet under `base`, and measures every row whose runs are there. */
export async function measureSeed(
  seed: number,
  base: string,
  { native, world: changes = {}, only }: MeasureOptions,
): Promise<Measured> {
  mkdirSync(base, { recursive: true });
  const seconds = new Map<string, number>();
  const rows = new Map<string, Metrics>();
  const config = cascadeConfig.parse({ ...changes, seed });
  const world = join(base, "world");
  if (!existsSync(join(world, "cascade.json"))) await writeCascade(config, world);
  for (const run of RUNS) {
    const out = join(base, run.name);
    if (existsSync(join(out, "result.json")) || (only && !only.includes(run.name))) continue;
    seconds.set(run.name, await trainRun(run, { seed, base, world, out, native }));
  }
  const opened = await openCascade(join(base, "negatives"), { native });
  for (const { name, ...stages } of ROWS) {
    if (!Object.values(stages).every((run) => existsSync(join(base, run, "result.json")))) continue;
    for (const [stage, run] of Object.entries(stages)) {
      const checkpoint = (await findCheckpoint(runFolder(join(base, run)), "latest"))!;
      await loadFirstValues(checkpoint, opened.program, { only: (tensor) => tensor.startsWith(`${stage}/`) });
    }
    const { program, dataset } = opened;
    const metrics = await truthMetrics(program, dataset, opened.config, createWorld(config), { users: 300, seed });
    rows.set(name, metrics);
    const shown = Object.entries(metrics).map(([metric, value]) => `${metric} ${value?.toFixed(3)}`);
    console.error(`seed ${seed} ${name}: ${shown.join(", ")}`);
  }
  opened.program.close();
  return { rows, seconds };
}

async function trainRun(
  { config, sets = [], start = {} }: Run,
  {
    seed,
    base,
    world,
    out,
    native,
  }: {
    readonly seed: number;
    readonly base: string;
    readonly world: string;
    readonly out: string;
    readonly native: NativeEngine | undefined;
  },
): Promise<number> {
  const resolved = readCascadeConfig(`examples/cascade/${config}.yaml`, [
    ...sets,
    `seed=${seed}`,
    `data.source=${resolve(world, "rows.parquet")}`,
    `data.items=${resolve(world, "items.parquet")}`,
    ...(["list-kd", "multi-space"].includes(config) ? [`spaces.logged.file=${resolve(world, "stages.parquet")}`] : []),
    ...Object.entries(start).map(([stage, run]) => `start.${stage}={run: ${resolve(base, run)}}`),
  ]);
  const started = performance.now();
  const run = executeCascade({ resolved, out, native, environment: {} });
  let step = await run.next();
  while (!step.done) step = await run.next();
  return (performance.now() - started) / 1000;
}
