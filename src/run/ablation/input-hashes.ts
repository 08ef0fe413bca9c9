import { join, resolve } from "node:path";
import { hashFile } from "../../data/hash-files.ts";
import { resolveSource } from "../../data/source-files.ts";
import { nodeFiles } from "../../files/file-layer.ts";
import { findCheckpoint } from "../checkpoint.ts";
import type { ResolvedConfig } from "../config/run-config.ts";
import { runFolder } from "../run-folder.ts";
import { NEEDED_RUN } from "./controls.ts";

/** SHA-256 of every file that a run reads: its data, its score store's manifest, the weights that it takes from other runs. */
export type InputHashes = (resolved: ResolvedConfig) => Promise<readonly string[]>;

/** Each file is read once, however many runs read it. @throws {DataError} a data file is not there. */
export function inputHashes(): InputHashes {
  const known = new Map<string, Promise<string>>();
  const hashOf = (path: string): Promise<string> => {
    const found = known.get(path) ?? hashFile(path);
    known.set(path, found);
    return found;
  };
  return async (resolved) => {
    const paths = [...(await dataFiles(resolved)), ...(await earlierFiles(resolved))];
    return Promise.all(paths.map(hashOf));
  };
}

async function dataFiles({ config: { data }, folder }: ResolvedConfig): Promise<readonly string[]> {
  const options = { baseDir: folder, format: data.format };
  const rows = await resolveSource(data.source, options);
  const items = data.items === undefined ? [] : await resolveSource(data.items, options);
  return [...rows, ...items].map(({ path }) => path);
}

/** What is not there is told by the run itself. */
async function earlierFiles({ config, folder }: ResolvedConfig): Promise<readonly string[]> {
  const { frozen, start, scores } = config;
  const runs = [frozen?.run, start?.encoding, start?.weights, start?.embeddings].filter(
    (run) => run !== undefined && run !== NEEDED_RUN,
  );
  const checkpoints = runs.map(async (run) => {
    const earlier = runFolder(resolve(folder, run!));
    const found = (await findCheckpoint(earlier, "best")) ?? (await findCheckpoint(earlier, "latest"));
    return found === undefined ? [] : [join(found, "model.safetensors"), earlier.encoding];
  });
  const stores = scores === undefined ? [] : [join(resolve(folder, scores.store), "manifest.json")];
  const paths = [...(await Promise.all(checkpoints)).flat(), ...stores];
  const exist = await Promise.all(paths.map((path) => nodeFiles.exists(path)));
  return paths.filter((_, i) => exist[i]);
}
