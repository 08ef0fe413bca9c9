import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import * as z from "zod";
import { INSIDE } from "./cache-layout.ts";
import { digestFile, digestProblem } from "./file-digest.ts";

const markerSchema = z.object({
  key: z.string(),
  tensorflow: z.string(),
  variant: z.enum(["cpu", "cuda"]),
  compiler: z.string(),
  files: z.record(z.string(), z.object({ bytes: z.int().nonnegative(), sha256: z.string().length(64) })),
});

/** What an installed runtime is: its key, versions, and the size and SHA-256 of each of its files. */
export type ReadyMarker = z.infer<typeof markerSchema>;

/** Whether a runtime is installed. */
export type InstalledState =
  | { readonly state: "ready"; readonly marker: ReadyMarker }
  | { readonly state: "absent" }
  | { readonly state: "broken"; readonly reason: string };

/** Writes READY.json, with the digest of every file under `root`, as the last file of an installation. */
export async function writeReadyMarker(root: string, facts: Omit<ReadyMarker, "files">): Promise<void> {
  const files: ReadyMarker["files"] = {};
  for (const path of filesUnder(root)) files[relative(root, path)] = await digestFile(path);
  const marker = join(root, INSIDE.ready);
  await writeFile(`${marker}.new`, JSON.stringify({ ...facts, files }, undefined, 1));
  await rename(`${marker}.new`, marker);
}

/** Looks whether the runtime at `root` is there and every file of it has its size: fast, done at each start. */
export function checkSizes(root: string): InstalledState {
  const found = readMarker(root);
  if (found.state !== "ready") return found;
  for (const [name, { bytes }] of Object.entries(found.marker.files)) {
    const size = statSync(join(root, name), { throwIfNoEntry: false })?.size;
    if (size === undefined) return broken(name, "no such file");
    if (size !== bytes) return broken(name, `${size} bytes in place of ${bytes}`);
  }
  return found;
}

/** Like `checkSizes`, and reads every file to compare its SHA-256: about a second for each GB. */
export async function checkChecksums(root: string): Promise<InstalledState> {
  const found = checkSizes(root);
  if (found.state !== "ready") return found;
  for (const [name, digest] of Object.entries(found.marker.files)) {
    const problem = await digestProblem(join(root, name), digest);
    if (problem) return broken(name, problem);
  }
  return found;
}

function broken(name: string, problem: string): InstalledState {
  return { state: "broken", reason: `${name} has ${problem}`.replace("has no such file", "is missing") };
}

function readMarker(root: string): InstalledState {
  let text: string;
  try {
    text = readFileSync(join(root, INSIDE.ready), "utf8");
  } catch (error) {
    if (!["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
    return existsSync(root) ? { state: "broken", reason: `${INSIDE.ready} is missing` } : { state: "absent" };
  }
  try {
    return { state: "ready", marker: markerSchema.parse(JSON.parse(text)) };
  } catch {
    return { state: "broken", reason: `${INSIDE.ready} cannot be read` };
  }
}

// Written out, because readdir's own `recursive` is passed over in silence by Node 20.0.
function filesUnder(folder: string): string[] {
  const paths = readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesUnder(path) : [path];
  });
  return paths.sort();
}
