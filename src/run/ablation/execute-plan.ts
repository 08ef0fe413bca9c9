import { spawn } from "node:child_process";
import { join } from "node:path";
import { loadHash } from "../../data/fingerprint.ts";
import { nodeFiles } from "../../files/file-layer.ts";
import { readJson } from "../../files/json-file.ts";
import type { RunResult } from "../execute-run.ts";
import type { AblationPlan, PlannedRun } from "./plan.ts";

/** What became of a planned run. */
export type RunOutcome =
  | {
      readonly kind: "done";
      readonly run: PlannedRun;
      readonly folder: string;
      readonly result: RunResult;
      readonly reused: boolean;
      readonly command: string;
    }
  | {
      readonly kind: "failed";
      readonly run: PlannedRun;
      readonly folder: string;
      readonly error: string;
      readonly command: string;
    };

export interface ExecutePlanOptions {
  /** Folder of the ablation; runs go under `runs/` in it. */
  readonly out: string;
  /** Command that runs twinstill: `["node", ".../main.js"]`. */
  readonly program: readonly string[];
  /** Processes at a time. */
  readonly jobs: number;
  /** Version of the code: runs of another version are not reused. */
  readonly version: string;
  readonly device: string;
  readonly signal?: AbortSignal;
  readonly onOutcome?: (outcome: RunOutcome, done: number, total: number) => void;
}

/** Runs a plan, each run a process of its own; finished ones are found and kept, failed ones are an outcome. */
export async function executePlan(plan: AblationPlan, options: ExecutePlanOptions): Promise<readonly RunOutcome[]> {
  const outcomes = new Array<RunOutcome>(plan.runs.length);
  let next = 0;
  let done = 0;
  const work = async (): Promise<void> => {
    while (next < plan.runs.length && !options.signal?.aborted) {
      const place = next++;
      outcomes[place] = await executeOne(plan, plan.runs[place]!, options);
      options.onOutcome?.(outcomes[place], ++done, plan.runs.length);
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, options.jobs) }, work));
  return outcomes.filter((outcome) => outcome !== undefined);
}

/** The folder of a planned run: its name, and the hash of its resolved configuration and the code's version. */
export async function plannedFolder(
  run: PlannedRun,
  { out, version }: Pick<ExecutePlanOptions, "out" | "version">,
): Promise<string> {
  const hash = await loadHash();
  const key = hash.h64ToString(JSON.stringify([run.resolved.config, version]));
  const name = run.variant.replaceAll(/[^\w.=-]+/g, "_").slice(0, 60);
  return join(out, "runs", `${name}-s${run.seed}-${key.slice(0, 8)}`);
}

async function executeOne(plan: AblationPlan, run: PlannedRun, options: ExecutePlanOptions): Promise<RunOutcome> {
  const folder = await plannedFolder(run, options);
  const args = [
    "train",
    "--config",
    plan.baseFile,
    "--out",
    folder,
    "--device",
    options.device,
    "--quiet",
    ...run.sets.flatMap((set) => ["--set", set]),
  ];
  const command = ["twinstill", ...args]
    .map((part) => (/^[\w./:=,-]+$/.test(part) ? part : `'${part.replaceAll("'", "'\\''")}'`))
    .join(" ");
  const finished = await finishedResult(folder);
  if (finished !== undefined) return { kind: "done", run, folder, result: finished, reused: true, command };
  const resume = (await nodeFiles.exists(join(folder, "config.resolved.json"))) ? ["--resume"] : [];
  const error = await runProcess([...options.program, ...args, ...resume], options.signal);
  const result = error === undefined ? await finishedResult(folder) : undefined;
  if (result !== undefined) return { kind: "done", run, folder, result, reused: false, command };
  return { kind: "failed", run, folder, error: error ?? "the run ended without a result", command };
}

async function finishedResult(folder: string): Promise<RunResult | undefined> {
  const path = join(folder, "result.json");
  return (await nodeFiles.exists(path)) ? ((await readJson(path)) as RunResult) : undefined;
}

/** @returns the last lines of what the process wrote to stderr where it failed. */
function runProcess([file, ...args]: readonly string[], signal: AbortSignal | undefined): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = spawn(file!, args, {
      stdio: ["ignore", "ignore", "pipe"],
      ...(signal && { signal, killSignal: "SIGTERM" }),
    });
    let tail = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      tail = (tail + text).slice(-2000);
    });
    child.on("error", (error) => resolve(error.message));
    child.on("close", (code) => resolve(code === 0 ? undefined : `exit code ${code}: ${tail.trim()}`));
  });
}
