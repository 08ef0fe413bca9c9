import { describeRungs, describeRuntime, inspectRuntime, installRuntime, loadRuntime } from "../runtime/index.ts";
import { installProgress } from "./install-progress.ts";
import { ExitCode, type Io } from "./io.ts";

export interface InstallOptions {
  readonly variant: "auto" | "cpu" | "cuda";
  readonly ifMissing?: true;
}

/** `twinstill runtime install` */
export async function installCommand({ variant, ifMissing }: InstallOptions, io: Io): Promise<number> {
  if (ifMissing) {
    const runtime = await loadRuntime();
    if (runtime.native !== undefined) {
      io.err(`runtime: ${describeRuntime(runtime)}\n`);
      return ExitCode.ok;
    }
  }
  const progress = installProgress(io);
  try {
    const installed = await installRuntime({ variant, onEvent: progress.onEvent });
    progress.stop();
    io.err(`runtime: installed in ${installed.path}\n`);
    return ExitCode.ok;
  } finally {
    progress.stop();
  }
}

/** `twinstill runtime doctor` */
export async function doctorCommand(io: Io): Promise<number> {
  const reports = await inspectRuntime();
  io.out(`${describeRungs(reports).join("\n")}\n`);
  return ExitCode.ok;
}
