import { mkdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { writeParquet } from "../../src/data/write-parquet.ts";
import { writeJson } from "../../src/files/json-file.ts";
import { ablationRecords } from "../../src/report/ablation-table.ts";
import { ablationConfig } from "../../src/run/ablation/ablation-config.ts";
import { plannedFolder, type RunOutcome } from "../../src/run/ablation/execute-plan.ts";
import { type PlannedRun, planAblation } from "../../src/run/ablation/plan.ts";
import { ablationResults } from "../../src/run/ablation/results.ts";
import { RUN_FORMAT } from "../../src/run/run-folder.ts";

const METRICS = ["student/recall@5", "student/ctr/logloss"];

/**
 * The folder of an ablation of temperature and weight without its training: real plan, real folders and tables, made-up
 * metrics. The run of the variant that `fails` names has none.
 *
 * @param config - a run's configuration. @returns the ablation's folder.
 */
export async function writeSmallAblation(
  config: string,
  out: string,
  { seeds = [1, 2, 3], fails = "" }: { readonly seeds?: readonly number[]; readonly fails?: string } = {},
): Promise<string> {
  const axes = { "distill.0.temperature": [2, 4], "distill.0.weight": [0.5, 2, 5] };
  const asked = ablationConfig.parse({ base: basename(config), axes, seeds, metrics: METRICS });
  const plan = planAblation(join(dirname(config), "ablation.yaml"), asked);
  const outcomes: RunOutcome[] = [];
  for (const [i, run] of plan.runs.entries()) outcomes.push(await writeRun(run, out, { i, fails }));
  const records = ablationRecords(ablationResults(outcomes, METRICS));
  const columns = Object.keys(records[0]!).map((name) => {
    const values = records.map((record) => record[name]!);
    const isText = values.some((value) => typeof value === "string");
    return isText
      ? { name, type: "string" as const, values: values as (string | null)[] }
      : { name, type: "float64" as const, values: values as (number | null)[] };
  });
  await writeParquet(join(out, "results.parquet"), columns);
  return out;
}

async function writeRun(
  run: PlannedRun,
  out: string,
  { i, fails }: { readonly i: number; readonly fails: string },
): Promise<RunOutcome> {
  const folder = await plannedFolder(run, { out, version: "0.1.0" });
  mkdirSync(folder, { recursive: true });
  const config = { folder: out, run: run.resolved.config };
  await writeJson(join(folder, "config.resolved.json"), { format: RUN_FORMAT, config });
  const command = `twinstill train --config run.yaml --out ${folder} ${run.sets.map((set) => `--set ${set}`).join(" ")}`;
  if (run.variant === fails) return { kind: "failed", run, folder, error: "exit code 3: no", command };
  const test = { student: { "recall@5": 0.3 + 0.01 * i + 0.002 * ((i * 7) % 5), "ctr/logloss": 0.6 - 0.005 * i } };
  const models = { student: { values: 1000, fingerprint: "0" } };
  const result = { folder, reason: "done", steps: 10, seconds: 2 + i, test, models } as const;
  await writeJson(join(folder, "result.json"), result);
  return { kind: "done", run, folder, result, reused: false, command };
}
