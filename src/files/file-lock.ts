// A lock file that two writers of one folder meet at. It saves double work; correctness does not rest on it, because
// everything is written aside and renamed into place.

import { randomUUID } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { nodeFiles } from "./file-layer.ts";

const lockSchema = z.object({
  pid: z.int().positive(),
  host: z.string(),
  /** The boot and the process namespace that `pid` counts in; "" where the system does not say. */
  pidSpace: z.string(),
  /** When the process began, in the kernel's ticks; "" where the system does not say. */
  begun: z.string(),
  token: z.string(),
});
type LockRecord = z.infer<typeof lockSchema>;

/** Who holds a lock. */
export interface LockHolder {
  readonly pid: number;
  readonly host: string;
}

export interface LockOptions {
  /** Called once for each other process that is waited for. */
  readonly onWaiting?: (holder: LockHolder) => void;
  readonly pollMs?: number;
  readonly signal?: AbortSignal | undefined;
}

const HEARTBEAT_MS = 5000;
/** A holder whose process cannot be looked up (another machine or container) is given up after this silence. */
const SILENCE_MS = 60_000;
/** A lock file that says nothing is being written by its maker, if it is younger than this. */
const WRITING_MS = 5000;

/**
 * Waits until this process holds the lock. A lock whose holder is dead is taken over.
 *
 * @returns the function that gives the lock back.
 */
export async function holdLock(path: string, options: LockOptions = {}): Promise<() => Promise<void>> {
  const { onWaiting, pollMs = 300, signal } = options;
  const mine: LockRecord = { ...processIdentity(process.pid), host: hostname(), token: randomUUID() };
  await nodeFiles.makeFolder(dirname(path));
  let told: string | undefined;
  while (!(await create(path, mine))) {
    signal?.throwIfAborted();
    const holder = await readLock(path);
    if (holder && (await isAbandoned(path, holder))) {
      await removeLock(path, holder.token);
      continue;
    }
    if (holder && holder.token !== told) {
      onWaiting?.({ pid: holder.pid, host: holder.host });
      told = holder.token;
    }
    await sleep(pollMs, undefined, { signal });
  }
  const beat = setInterval(() => void utimes(path, new Date(), new Date()).catch(() => undefined), HEARTBEAT_MS);
  beat.unref();
  return async () => {
    clearInterval(beat);
    await removeLock(path, mine.token);
  };
}

/**
 * Takes the lock, or says who has it.
 *
 * @returns the function that gives the lock back, or the other process.
 */
export async function tryLock(
  path: string,
): Promise<{ readonly release: () => Promise<void> } | { readonly holder: LockHolder }> {
  const taken = new AbortController();
  let holder: LockHolder | undefined;
  const onWaiting = (other: LockHolder): void => {
    holder = other;
    taken.abort();
  };
  try {
    return { release: await holdLock(path, { onWaiting, signal: taken.signal }) };
  } catch (error) {
    if (holder === undefined) throw error;
    return { holder };
  }
}

async function create(path: string, record: LockRecord): Promise<boolean> {
  try {
    await writeFile(path, JSON.stringify(record), { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** The record in the lock file; undefined where it is gone or still being written. A spoilt old one is removed. */
async function readLock(path: string): Promise<LockRecord | undefined> {
  try {
    const parsed = lockSchema.safeParse(parseJson(await readFile(path, "utf8")));
    if (parsed.success) return parsed.data;
    if (Date.now() - (await stat(path)).mtimeMs > WRITING_MS) await rm(path, { force: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  return undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function removeLock(path: string, token: string): Promise<void> {
  if ((await readLock(path))?.token === token) await rm(path, { force: true });
}

/** True when the holder's process is gone: looked up where its number means something here, else by its silence. */
async function isAbandoned(path: string, holder: LockRecord): Promise<boolean> {
  const here = processIdentity(holder.pid);
  if (holder.host === hostname() && holder.pidSpace === here.pidSpace) {
    return !isAlive(holder.pid) || here.begun !== holder.begun;
  }
  try {
    return Date.now() - (await stat(path)).mtimeMs > SILENCE_MS;
  } catch {
    return false;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** What tells a process from a later one of the same number. A zombie counts as ended: its start is left out. */
function processIdentity(pid: number): Pick<LockRecord, "pid" | "pidSpace" | "begun"> {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    const pidSpace = `${boot} ${readlinkSync("/proc/self/ns/pid")}`;
    return { pid, pidSpace, begun: processStart(pid) };
  } catch {
    return { pid, pidSpace: "", begun: "" };
  }
}

function processStart(pid: number): string {
  try {
    // After the name in parentheses, which may hold blanks: state is the first field, the start time the twentieth.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
    return fields[0] === "Z" ? "ended" : (fields[19] ?? "");
  } catch {
    return "";
  }
}
