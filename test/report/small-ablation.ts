import { mkdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { writeAblation } from "../../src/cli/ablation-files.ts";
import { writeJson } from "../../src/files/json-file.ts";
import { ablationConfig } from "../../src/run/ablation/ablation-config.ts";
import { type RunOutcome, runPlaces } from "../../src/run/ablation/execute-plan.ts";
import { measuredRows } from "../../src/run/ablation/measured-rows.ts";
import { type PlannedRun, planAblation } from "../../src/run/ablation/plan.ts";
import { ablationResults } from "../../src/run/ablation/results.ts";
import { RUN_FORMAT } from "../../src/run/run-folder.ts";

/** The small run's student learns from the teacher alone. */
const ALONE = { "student.losses": [{ kind: "binary-cross-entropy", label: "good" }] };
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
  {
    seeds = [1, 2, 3],
    fails = "",
    controls = { alone: ALONE, teacher: {} },
  }: { readonly seeds?: readonly number[]; readonly fails?: string; readonly controls?: unknown } = {},
): Promise<string> {
  const axes = { "distill.0.temperature": [2, 4], "distill.0.weight": [0.5, 2, 5] };
  const asked = ablationConfig.parse({
    base: basename(config),
    axes,
    seeds,
    metrics: METRICS,
    controls,
  });
  const plan = planAblation(join(dirname(config), "ablation.yaml"), asked);
  const outcomes: RunOutcome[] = [];
  for (const [place, run] of plan.runs.entries())
    outcomes.push(await writeRun(run, out, { i: run.variant === "alone" ? place - 40 : place, fails }));
  const results = ablationResults(measuredRows({ outcomes, showsTeacher: plan.showsTeacher }), METRICS);
  await writeAblation(out, { file: "ablation.yaml", results, metrics: METRICS, notMade: plan.notMade });
  return out;
}

async function writeRun(
  run: PlannedRun,
  out: string,
  { i, fails }: { readonly i: number; readonly fails: string },
): Promise<RunOutcome> {
  const folder = await runPlaces({ out, version: "0.1.0" })(run);
  mkdirSync(folder, { recursive: true });
  const config = { folder: out, run: run.resolved.config };
  await writeJson(join(folder, "config.resolved.json"), { format: RUN_FORMAT, config });
  const command = `twinstill train --config run.yaml --out ${folder} ${run.sets.map((set) => `--set ${set}`).join(" ")}`;
  if (run.variant === fails) return { kind: "failed", run, folder, error: "exit code 3: no", command };
  const test = {
    teacher: { "recall@5": 0.5 + 0.01 * i, "ctr/logloss": 0.5 },
    student: {
      "recall@5": 0.3 + 0.01 * i + 0.002 * ((i * i * 3) % 7),
      "ctr/logloss": 0.6 - 0.005 * i - 0.001 * ((i * 5) % 7),
    },
  };
  const models = { student: { values: 1000, fingerprint: "0" } };
  const result = { folder, reason: "done", steps: 10, seconds: 2 + i, test, models } as const;
  await writeJson(join(folder, "result.json"), result);
  return { kind: "done", run, folder, result, users: new Map(), reused: false, command };
}
