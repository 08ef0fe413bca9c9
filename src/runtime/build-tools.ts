import { ConfigError } from "../errors.ts";
import { lastLines, runCommand } from "./run-command.ts";

/** The programs that an installation calls. */
export interface BuildTools {
  /** A Python 3 that has pip. */
  readonly python: string;
  /** A C++17 compiler. */
  readonly compiler: string;
}

/** Packages to install for each missing program, on Debian's and on Fedora's family. */
const PACKAGES = {
  "Python 3": ["python3", "python3"],
  "pip for Python 3": ["python3-pip", "python3-pip"],
  "C++ compiler": ["g++", "gcc-c++"],
} as const;

type Missing = keyof typeof PACKAGES;

/**
 * Finds Python with pip and a C++ compiler (`$CXX`, c++, g++, clang++).
 *
 * @throws {ConfigError} one of them is missing; the message names all that are, and how to install them.
 */
export async function findBuildTools(env: NodeJS.ProcessEnv = process.env): Promise<BuildTools> {
  const python = await findPython(env);
  const pip = python ? await runCommand(python, ["-m", "pip", "--version"], { env }) : undefined;
  const compiler = await firstThatRuns([env.CXX, "c++", "g++", "clang++"], ["--version"], env);
  const missing: Missing[] = [];
  if (!python) missing.push("Python 3");
  if (pip?.status !== 0) missing.push("pip for Python 3");
  if (!compiler) missing.push("C++ compiler");
  if (!python || !compiler || missing.length > 0) throw missingTools(missing, pip && lastLines(pip.stderr, 1));
  return { python, compiler };
}

/** A Python 3.8 or newer; undefined where there is none. */
export function findPython(env: NodeJS.ProcessEnv = process.env): Promise<string | undefined> {
  const check = "import sys, zipfile; sys.exit(sys.version_info < (3, 8))";
  return firstThatRuns(["python3", "python"], ["-c", check], env);
}

async function firstThatRuns(
  commands: readonly (string | undefined)[],
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<string | undefined> {
  for (const command of commands) {
    if (command && (await runCommand(command, args, { env })).status === 0) return command;
  }
  return undefined;
}

function missingTools(missing: readonly Missing[], detail: string | undefined): ConfigError {
  const [debian, fedora] = [0, 1].map((family) => missing.map((name) => PACKAGES[name][family]).join(" "));
  return new ConfigError(
    `installRuntime: Python 3.8 or newer with pip and a C++ compiler must be installed, got no ${missing.join(", no ")}` +
      `${detail ? ` (${detail})` : ""}; run "sudo apt-get install ${debian}" (Debian, Ubuntu) or ` +
      `"sudo dnf install ${fedora}" (Fedora, RHEL), then try again`,
  );
}
