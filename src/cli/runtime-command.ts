import { describeRungs, describeRuntime, inspectRuntime, installRuntime, loadRuntime } from "../runtime/index.ts";
import { installProgress } from "./install-progress.ts";
import { ExitCode, type Io } from "./io.ts";
import { ensureNative } from "./load-engine.ts";

export interface InstallOptions {
  readonly variant: "auto" | "cpu" | "cuda";
  readonly ifMissing?: true;
}

/** `twinstill runtime install` */
export async function installCommand({ variant, ifMissing }: InstallOptions, io: Io): Promise<number> {
  if (ifMissing) {
    await ensureNative(io);
    io.err(`runtime: ${describeRuntime(await loadRuntime())}\n`);
    return ExitCode.ok;
  }
  const progress = installProgress(io);
  try {
    const { path, reused } = await installRuntime({ variant, onEvent: progress.onEvent });
    progress.stop();
    io.err(`runtime: ${reused ? "is already there, whole, in" : "installed in"} ${path}\n`);
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
