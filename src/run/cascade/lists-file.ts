import { join } from "node:path";
import { DataError } from "../../errors.ts";
import { openSafetensors } from "../formats/safetensors-read.ts";
import { writeSafetensors } from "../formats/safetensors-write.ts";
import type { RunFolder } from "../run-folder.ts";
import type { SpaceLists } from "./space-lists.ts";

const fileOf = ({ path }: RunFolder, space: string): string => join(path, "lists", `${space}.safetensors`);

/** Writes a space's lists into the run folder: `rows` [R] and `items` [R, N], with their age in the metadata. */
export async function saveLists(
  folder: RunFolder,
  space: string,
  { lists: { rows, length, items }, builtAt, changedShare }: SpaceLists,
): Promise<void> {
  await folder.files.makeFolder(join(folder.path, "lists"));
  const numbers = { ...builtAt, ...(typeof changedShare === "number" && { changedShare }) };
  const metadata = Object.fromEntries(Object.entries(numbers).map(([key, value]) => [key, String(value)]));
  await writeSafetensors(
    fileOf(folder, space),
    {
      rows: { dtype: "I32", shape: [rows.length], data: rows },
      items: { dtype: "I32", shape: [rows.length, length], data: items },
    },
    { metadata, files: folder.files },
  );
}

/**
 * The lists that a run folder holds, of those spaces.
 *
 * @throws {DataError} a file breaks the format.
 */
export async function loadLists(
  folder: RunFolder,
  spaces: readonly string[],
): Promise<ReadonlyMap<string, SpaceLists>> {
  const found = new Map<string, SpaceLists>();
  for (const space of spaces) {
    const path = fileOf(folder, space);
    if (!(await folder.files.exists(path))) continue;
    const file = await openSafetensors(path, { files: folder.files });
    try {
      const rows = (await file.read("rows")) as Int32Array;
      const items = (await file.read("items")) as Int32Array;
      const [phase, round, step] = ["phase", "round", "step"].map((key) => Number(file.metadata[key]));
      if (![phase, round, step].every(Number.isInteger))
        throw new DataError(`${path}: metadata must hold phase, round and step, got ${JSON.stringify(file.metadata)}`);
      const lists = { rows, items, length: items.length / rows.length };
      const { changedShare } = file.metadata;
      found.set(space, {
        lists,
        builtAt: { phase: phase!, round: round!, step: step! },
        changedShare: changedShare === undefined ? null : Number(changedShare),
      });
    } finally {
      await file.close();
    }
  }
  return found;
}
