import { join } from "node:path";
import { isUserError } from "../errors.ts";
import { writeJson } from "../files/json-file.ts";
import { writeReport } from "../report/write-report.ts";
import { diagnose } from "../run/evaluation/diagnose.ts";
import { openRun } from "../run/open-run.ts";
import { readStoredJob, runFolder } from "../run/run-folder.ts";
import type { CommonOptions } from "./cli.ts";
import { ExitCode, type Io } from "./io.ts";
import { type LoadedEngine, loadEngine } from "./load-engine.ts";
import { packageVersion } from "./package-version.ts";

export interface ReportCommandOptions extends CommonOptions {
  readonly out?: string;
  readonly differentData?: true;
}

/** `twinstill report` */
export async function reportCommand(runs: readonly string[], options: ReportCommandOptions, io: Io): Promise<number> {
  await diagnoseRuns(runs, options, io);
  const out = options.out ?? join(runs[0]!, "report");
  const made = `twinstill ${packageVersion()}, ${new Date().toISOString().slice(0, 10)}`;
  const written = await writeReport(runs, { out, made, allowDifferentData: options.differentData === true });
  for (const part of written.missing) io.err(`report: missing: ${part}\n`);
  if (options.json) io.out(`${JSON.stringify(written)}\n`);
  else io.out(`${written.page} (${written.figures} figures, ${written.tables} tables; report.md beside it)\n`);
  return ExitCode.ok;
}

/** Looks closer at finished runs of models that nobody has looked at yet: that needs their weights and data. */
async function diagnoseRuns(runs: readonly string[], options: ReportCommandOptions, io: Io): Promise<void> {
  let engine: LoadedEngine | undefined;
  for (const path of runs) {
    const target = join(runFolder(path).evaluations, "diagnosis.json");
    if (!(await needsDiagnosis(path, target))) continue;
    engine ??= await loadEngine(options, io, ["report", ...runs]);
    if (!options.quiet) io.err(`report: scoring the test part of ${path}\n`);
    try {
      const run = await openRun(path, { native: engine.native });
      try {
        if (run.dataset.parts.test !== undefined) await writeJson(target, await diagnose(run, "test"));
      } finally {
        run.program.close();
      }
    } catch (error) {
      if (!isUserError(error)) throw error;
      io.err(`report: ${path} is reported without its closer look: ${error.message}\n`);
    }
  }
}

async function needsDiagnosis(path: string, target: string): Promise<boolean> {
  const folder = runFolder(path);
  const { files } = folder;
  const isFinished = (await files.exists(folder.config)) && (await files.exists(join(path, "result.json")));
  return isFinished && !(await files.exists(target)) && (await readStoredJob(folder)).kind === "models";
}
