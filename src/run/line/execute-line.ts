import { join } from "node:path";
import type { NativeEngine } from "../../engine/native.ts";
import { ConfigError } from "../../errors.ts";
import { firstDifference, readJson } from "../../files/json-file.ts";
import { type ResolvedConfig, readRunConfig } from "../config/run-config.ts";
import type { Evaluation } from "../evaluation/evaluate.ts";
import { executeRun, type RunNotice } from "../execute-run.ts";
import { readRunJson, runFolder } from "../run-folder.ts";
import { executeScore, type ScoreNotice } from "../score/execute-score.ts";
import type { PlannedStep } from "./plan-line.ts";

/** What a line reports. */
export type LineNotice =
  | { readonly kind: "step"; readonly step: PlannedStep; readonly state: "begun" | "resumed" | "finished before" }
  | { readonly kind: "run"; readonly step: PlannedStep; readonly notice: RunNotice }
  | { readonly kind: "score"; readonly step: PlannedStep; readonly notice: ScoreNotice };

/** Test metrics of a run's models. */
export interface LineRow {
  readonly step: PlannedStep;
  readonly model: string;
  readonly metrics: Evaluation[string];
}

export interface LineResult {
  readonly reason: "done" | "interrupted";
  readonly rows: readonly LineRow[];
}

export interface LineOptions {
  readonly native?: NativeEngine | undefined;
  readonly environment: Readonly<Record<string, unknown>>;
  readonly signal?: AbortSignal;
}

/**
 * Runs a line's steps in order. Runs and stores that are finished are taken as they are, unfinished ones gone on with:
 * the same call goes on where the last one stopped.
 *
 * @throws {ConfigError} a finished run has another configuration than the step. @throws {DataError} as its steps do.
 */
export async function* executeLine(
  plan: readonly PlannedStep[],
  options: LineOptions,
): AsyncGenerator<LineNotice, LineResult> {
  // Every configuration is read before the first step: a wrong one must not be found after hours.
  const steps = plan.map((step) => ({ step, resolved: readRunConfig(step.config, step.sets) }));
  const rows: LineRow[] = [];
  for (const { step, resolved } of steps) {
    const done = yield* step.kind === "train" ? runStep(step, resolved, options) : scoreStep(step, resolved, options);
    if (done === undefined) return { reason: "interrupted", rows };
    rows.push(...Object.entries(done).map(([model, metrics]) => ({ step, model, metrics })));
  }
  return { reason: "done", rows };
}

/** @returns what the run scores on its test part; undefined where it was stopped. */
async function* runStep(
  step: PlannedStep,
  resolved: ResolvedConfig,
  { native, environment, signal }: LineOptions,
): AsyncGenerator<LineNotice, Evaluation | undefined> {
  const folder = runFolder(step.out);
  const result = join(step.out, "result.json");
  const begun = await folder.files.exists(folder.config);
  if (begun && (await folder.files.exists(result))) {
    await assertSameRun(step, resolved);
    yield { kind: "step", step, state: "finished before" };
    return ((await readJson(result)) as { readonly test?: Evaluation }).test ?? {};
  }
  yield { kind: "step", step, state: begun ? "resumed" : "begun" };
  const run = executeRun({ resolved, out: step.out, native, environment, resume: begun, ...(signal && { signal }) });
  for (;;) {
    const { value, done } = await run.next();
    if (done) return value.reason === "interrupted" ? undefined : (value.test ?? {});
    yield { kind: "run", step, notice: value };
  }
}

async function assertSameRun({ out, name }: PlannedStep, { config, folder }: ResolvedConfig): Promise<void> {
  const stored = await readRunJson(runFolder(out).config);
  const difference = firstDifference(stored, JSON.parse(JSON.stringify({ folder, run: config })));
  if (difference === undefined) return;
  const { path, before, now } = difference;
  throw new ConfigError(
    `step ${name}: ${out} must hold the step's own run, got ${path} = ${JSON.stringify(before)} where the step has ${JSON.stringify(now)}; remove it, or name another --out`,
  );
}

async function* scoreStep(
  step: Extract<PlannedStep, { kind: "score" }>,
  resolved: ResolvedConfig,
  { native, signal }: LineOptions,
): AsyncGenerator<LineNotice, Evaluation | undefined> {
  const { teacher, model, part, out } = step;
  const { files } = runFolder(out);
  const begun = (await files.exists(join(out, "job.json"))) || (await files.exists(join(out, "manifest.json")));
  yield { kind: "step", step, state: begun ? "resumed" : "begun" };
  const job = executeScore({ resolved, teacher, model, part, out, native, resume: begun, ...(signal && { signal }) });
  for (;;) {
    const { value, done } = await job.next();
    if (done) return value.reason === "interrupted" ? undefined : {};
    yield { kind: "score", step, notice: value };
  }
}
