import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { ConfigError, DataError } from "../errors.ts";
import { digestProblem } from "./file-digest.ts";
import { byteReporter, type OnInstallEvent } from "./install-events.ts";
import type { WheelPin } from "./pins.ts";
import { type CommandResult, lastLines, runCommand } from "./run-command.ts";

/** The part of a pin that a wheel is fetched and known by. */
export type FetchedWheel = Pick<WheelPin, "project" | "version" | "file" | "bytes" | "sha256" | "platform">;

export interface DownloadOptions {
  /** Who fetches, for messages. Default: installRuntime. */
  readonly what?: string;
  readonly python: string;
  /** Where finished wheels lie; a good one there is not fetched again. */
  readonly folder: string;
  readonly onEvent: OnInstallEvent;
  readonly env?: NodeJS.ProcessEnv | undefined;
  readonly signal?: AbortSignal | undefined;
}

const ATTEMPTS = 3;
const WATCH_MS = 200;
const WORK_PREFIX = ".pip-";
/** A download folder that was made longer ago than this belongs to a process that was killed. */
const ABANDONED_MS = 24 * 3600 * 1000;

/**
 * Fetches one wheel with pip, checks its size and SHA-256, and puts it into the folder under its own name.
 *
 * @returns the wheel's path.
 * @throws {ConfigError} pip cannot find or fetch it.
 * @throws {DataError} what pip fetched is not the pinned file, three times over.
 */
export async function downloadWheel(pin: FetchedWheel, options: DownloadOptions): Promise<string> {
  const { folder, onEvent } = options;
  await mkdir(folder, { recursive: true });
  await removeAbandoned(folder);
  const target = join(folder, pin.file);
  if (existsSync(target)) {
    const problem = await digestProblem(target, pin);
    if (!problem) return target;
    onEvent({ kind: "retry", what: pin.file, reason: `the earlier download has ${problem}` });
    await rm(target, { force: true });
  }
  onEvent({ kind: "step", step: "download", detail: pin.file });
  let failure = "";
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    if (attempt > 1) onEvent({ kind: "retry", what: pin.file, reason: failure });
    const problem = await fetchOnce(pin, target, options);
    if (!problem) return target;
    failure = problem;
  }
  throw new DataError(
    `${options.what ?? "installRuntime"}: ${pin.file} must have ${pin.bytes} bytes and SHA-256 ${pin.sha256}, got ${failure} in ` +
      `${ATTEMPTS} downloads; ${byHand(pin, folder)}`,
  );
}

async function removeAbandoned(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    if (!name.startsWith(WORK_PREFIX)) continue;
    const made = await stat(path).catch(() => undefined);
    if (made && Date.now() - made.mtimeMs > ABANDONED_MS) await rm(path, { recursive: true, force: true });
  }
}

/** One run of pip into a folder of its own; returns what is wrong with the file, if anything. */
async function fetchOnce(pin: FetchedWheel, target: string, options: DownloadOptions): Promise<string | undefined> {
  const { folder, onEvent } = options;
  const work = await mkdtemp(join(folder, WORK_PREFIX));
  const report = byteReporter("download", { file: pin.file, total: pin.bytes, onEvent });
  const stopWatching = watchBytes(work, report);
  try {
    const result = await runPip(pin, work, options);
    await stopWatching();
    options.signal?.throwIfAborted();
    if (result.status !== 0) return pipProblem(pin, options, result);
    const fetched = join(work, pin.file);
    const problem = await digestProblem(fetched, pin);
    if (problem) return problem;
    report(pin.bytes);
    await rename(fetched, target);
    return undefined;
  } finally {
    await stopWatching();
    await rm(work, { recursive: true, force: true });
  }
}

function runPip(pin: FetchedWheel, work: string, { python, env, signal }: DownloadOptions): Promise<CommandResult> {
  const what = `${pin.project}==${pin.version}`;
  const quiet = ["--disable-pip-version-check", "--no-input", "--no-cache-dir", "--progress-bar", "off"];
  // The wheel holds C libraries that do not depend on the user's own Python, so any of its builds will do: 3.11's.
  const which = ["--no-deps", "--only-binary=:all:", "--python-version", "3.11", "--platform", pin.platform];
  // pip writes into $TMPDIR first: it lies on the disk whose space was checked, and its growth can be watched.
  return runCommand(python, ["-m", "pip", "download", ...quiet, ...which, "-d", work, what], {
    env: { ...(env ?? process.env), TMPDIR: work },
    signal,
  });
}

/** Words for a failed pip; throws where another try would fail alike. */
function pipProblem(
  pin: FetchedWheel,
  { folder, what = "installRuntime" }: DownloadOptions,
  result: CommandResult,
): string {
  const said = lastLines(result.stderr) || `exit status ${result.status}`;
  if (!/No matching distribution|Could not find a version|No module named/i.test(result.stderr)) return said;
  throw new ConfigError(
    `${what}: pip must reach a package index that has ${pin.project}==${pin.version}, got: ${said}; check the ` +
      `network and pip's settings ("python3 -m pip config list"), or ${byHand(pin, folder)}`,
  );
}

function byHand(pin: FetchedWheel, folder: string): string {
  return `put ${pin.file} (SHA-256 ${pin.sha256}) into ${folder} by other means and try again`;
}

/** Reports the size of the largest wheel under `folder` while it grows; the function returned ends that. */
function watchBytes(folder: string, report: (done: number) => void): () => Promise<void> {
  let last = 0;
  let pending = Promise.resolve();
  const timer = setInterval(() => {
    pending = pending.then(async () => {
      const bytes = await largestWheel(folder);
      if (bytes <= last) return;
      last = bytes;
      report(bytes);
    });
  }, WATCH_MS);
  return () => {
    clearInterval(timer);
    return pending;
  };
}

async function largestWheel(folder: string): Promise<number> {
  let largest = 0;
  try {
    for (const name of await readdir(folder, { recursive: true })) {
      if (name.endsWith(".whl")) largest = Math.max(largest, (await stat(join(folder, name))).size);
    }
  } catch {
    // pip moves its files about while they are counted: the next look will see them.
  }
  return largest;
}
