// A folder that somebody else packed may hold links: through one, a run would read or write wherever it points. So what
// lies in a folder is reached through this layer, which follows links only to places in the folder itself.
import { lstatSync, realpathSync } from "node:fs";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { DataError } from "../errors.ts";
import type { FileLayer } from "./file-layer.ts";

/**
 * The layer for what lies in one folder. The folder itself may be a link, and links in it may lead to places in it.
 *
 * @throws {DataError} from every function: the path is not in the folder, or a link on the way leads out of it.
 */
export function filesWithin(root: string, files: FileLayer): FileLayer {
  const inside = (path: string): void => assertWithin(root, path);
  const guarded =
    <R extends readonly unknown[], T>(act: (path: string, ...rest: R) => Promise<T>) =>
    async (path: string, ...rest: R): Promise<T> => {
      inside(path);
      return act(path, ...rest);
    };
  return {
    ...files,
    open: guarded(files.open),
    makeFolder: guarded(files.makeFolder),
    list: guarded(files.list),
    exists: guarded(files.exists),
    syncFolder: guarded(files.syncFolder),
    rename: async (from, to) => {
      for (const path of [from, to]) inside(dirname(path)); // the entry itself is moved, not what it links to
      return files.rename(from, to);
    },
    remove: async (path) => {
      inside(dirname(path));
      return files.remove(path);
    },
  };
}

/** @throws {DataError} the path, followed as far as it is there, ends outside the folder. */
function assertWithin(root: string, path: string): void {
  const names = relative(resolve(root), resolve(path));
  if (!isBelow(names)) throw new DataError(`${path}: file must lie in ${root}, got a path out of it`);
  let at = resolve(root);
  for (const name of names.split(sep)) {
    if (name === "") continue;
    at = join(at, name);
    if (isLink(at)) assertLinkWithin(root, at);
  }
}

/** What is not there, or cannot be looked at, is no link: the operation itself says what is wrong with it. */
function isLink(path: string): boolean {
  try {
    return lstatSync(path).isSymbolicLink();
  } catch {
    return false;
  }
}

function assertLinkWithin(root: string, link: string): void {
  const [folder, target] = [root, link].map(followed);
  if (folder !== undefined && target !== undefined && isBelow(relative(folder, target))) return;
  throw new DataError(
    `${link}: file must lie in ${root}, got a link to ${target ?? "what is not there"}; copy here what it links to`,
  );
}

/** Where a path ends; undefined where nothing is there, or links go round. */
function followed(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

function isBelow(names: string): boolean {
  return names !== ".." && !names.startsWith(`..${sep}`) && !isAbsolute(names);
}
