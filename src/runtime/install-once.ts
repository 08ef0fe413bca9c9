import { randomUUID } from "node:crypto";
import { access, constants, mkdir, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { ConfigError, DataError } from "../errors.ts";
import { holdLock } from "../files/file-lock.ts";
import type { RuntimePaths } from "./cache-layout.ts";
import type { OnInstallEvent } from "./install-events.ts";
import { checkChecksums, checkSizes, type ReadyMarker, writeReadyMarker } from "./ready-marker.ts";
import { firstLine } from "./run-command.ts";

export interface InstallOnceOptions {
  /** Makes the runtime in an empty folder that is later renamed: nothing in it may name that folder. */
  readonly build: (folder: string) => Promise<Omit<ReadyMarker, "files" | "key">>;
  readonly onEvent: OnInstallEvent;
  readonly pollMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/** The marker of what lies there now, and whether it lay there before. */
export interface InstalledOnce {
  readonly marker: ReadyMarker;
  readonly reused: boolean;
}

/**
 * Makes sure that a whole and unspoilt runtime lies at `paths.root`: takes what is there, waits for another process
 * that is at it, or builds it aside and renames it into place. A spoilt one is replaced.
 *
 * @throws whatever `build` throws; the folder at `paths.root` is then as it was.
 */
export async function installOnce(
  paths: Pick<RuntimePaths, "key" | "root" | "lock">,
  options: InstallOnceOptions,
): Promise<InstalledOnce> {
  const { build, onEvent, pollMs, signal } = options;
  const before = await checkChecksums(paths.root);
  if (before.state === "ready") return { marker: before.marker, reused: true };
  await requireWritable(dirname(paths.root));
  const release = await holdLock(paths.lock, {
    onWaiting: (holder) => onEvent({ kind: "waiting", holder }),
    ...(pollMs !== undefined && { pollMs }),
    signal,
  });
  try {
    const now = await checkChecksums(paths.root);
    if (now.state === "ready") return { marker: now.marker, reused: true };
    if (now.state === "broken") onEvent({ kind: "retry", what: paths.key, reason: now.reason });
    await removeLeftovers(paths.root);
    return { marker: await buildAside(paths, build), reused: false };
  } finally {
    await release();
  }
}

async function requireWritable(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    await access(folder, constants.W_OK);
  } catch (error) {
    throw new ConfigError(
      `installRuntime: ${folder} must be a folder that can be written, got ${firstLine(error)}; set TWINSTILL_CACHE to ` +
        "another folder",
    );
  }
}

async function buildAside(
  { key, root }: Pick<RuntimePaths, "key" | "root">,
  build: InstallOnceOptions["build"],
): Promise<ReadyMarker> {
  const aside = `${root}.tmp-${randomUUID()}`;
  try {
    await mkdir(aside, { recursive: true });
    await writeReadyMarker(aside, { key, ...(await build(aside)) });
    // A spoilt runtime is moved away, not emptied: a process that runs on it keeps its files.
    await rename(root, `${root}.old-${randomUUID()}`).catch(ignoreMissing);
    await rename(aside, root);
    const made = checkSizes(root);
    if (made.state === "ready") return made.marker;
    throw new DataError(`installRuntime: ${root} must be whole after its installation, got ${JSON.stringify(made)}`);
  } finally {
    await rm(aside, { recursive: true, force: true });
    await removeLeftovers(root);
  }
}

/** Removes what earlier installations of this runtime left half done. Call it only while holding the lock. */
async function removeLeftovers(root: string): Promise<void> {
  const names = await readdir(dirname(root)).catch(() => [] as string[]);
  const prefixes = [`${basename(root)}.tmp-`, `${basename(root)}.old-`];
  for (const name of names) {
    if (prefixes.some((prefix) => name.startsWith(prefix))) {
      await rm(join(dirname(root), name), { recursive: true, force: true });
    }
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== "ENOENT") throw error;
}
