import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import { ConfigError, DataError } from "../errors.ts";
import type { DataConfig } from "./config.ts";
import { globMatches } from "./match-glob.ts";

/** What a file holds. */
export type FileFormat = "csv" | "tsv" | "parquet" | "arrow-file" | "arrow-stream";
/** Where rows end up. */
export type PartName = "train" | "validation" | "test" | "history";
/** The parts, in the order in which rows are given to them. */
export const PART_NAMES = ["train", "validation", "test", "history"] as const satisfies readonly PartName[];

/** One file of a source. */
export interface SourceFile {
  /** Absolute path. */
  readonly path: string;
  /** Path relative to the config's folder, with forward slashes: the same on every machine. */
  readonly name: string;
  readonly format: FileFormat;
  /** The part that its rows belong to, where the source says so. */
  readonly part?: PartName;
}

const FORMAT_OF_ENDING: Readonly<Record<string, FileFormat>> = {
  ".csv": "csv",
  ".tsv": "tsv",
  ".parquet": "parquet",
  ".arrow": "arrow-file",
  ".feather": "arrow-file",
  ".ipc": "arrow-file",
  ".arrows": "arrow-stream",
};

/**
 * The files that a source names, each list entry's files sorted by path. Folders are read with their subfolders;
 * files whose ending says nothing and names that begin with "." or "_" are passed over in folders.
 *
 * @param baseDir - folder that relative paths start from.
 * @throws {DataError} nothing is there, or a glob or folder holds no data file, or one file is in two parts.
 * @throws {ConfigError} the format of a file cannot be told.
 */
export async function resolveSource(
  source: DataConfig["source"],
  { baseDir, format }: { readonly baseDir: string; readonly format: DataConfig["format"] },
): Promise<SourceFile[]> {
  if (typeof source === "string" || Array.isArray(source)) return resolveEntries(source, { baseDir, format });
  const files: SourceFile[] = [];
  for (const part of PART_NAMES) {
    const entries = source[part];
    if (entries === undefined) continue;
    const found = await resolveEntries(entries, { baseDir, format });
    const shared = found.find((file) => files.some((other) => other.path === file.path));
    if (shared !== undefined) throw new DataError(`${shared.path}: a file must belong to one part, got it in two`);
    files.push(...found.map((file) => ({ ...file, part })));
  }
  return files;
}

async function resolveEntries(
  entries: string | readonly string[],
  { baseDir, format }: { readonly baseDir: string; readonly format: DataConfig["format"] },
): Promise<SourceFile[]> {
  const paths: string[] = [];
  for (const entry of typeof entries === "string" ? [entries] : entries) {
    const found = await resolveEntry(path.resolve(baseDir, entry), format);
    const again = found.find((file) => paths.includes(file));
    if (again !== undefined) throw new DataError(`data.source: files must be named once, got ${again} twice`);
    paths.push(...found);
  }
  return paths.map((file) => ({
    path: file,
    name: path.relative(baseDir, file).split(path.sep).join("/"),
    format: formatOf(file, format),
  }));
}

async function resolveEntry(entry: string, format: DataConfig["format"]): Promise<string[]> {
  const info = await stat(entry).catch(() => undefined);
  if (info?.isFile()) return [entry];
  if (info?.isDirectory()) {
    const found = (await listFiles(entry)).filter((file) => format !== "auto" || endingOf(file) in FORMAT_OF_ENDING);
    if (found.length === 0) throw new DataError(`${entry}: the folder must hold data files, got none${ENDINGS_HINT}`);
    return found;
  }
  if (!/[*?]/.test(entry)) throw new DataError(`${entry}: the file must exist, got nothing there; see data.source`);
  const found = await matchGlob(entry);
  if (found.length === 0) throw new DataError(`${entry}: the glob must match a file, got no match; see data.source`);
  return found;
}

/** `*` and `?` stay within one name, `**` crosses folders. */
async function matchGlob(glob: string): Promise<string[]> {
  const segments = glob.split(path.sep);
  const firstWild = segments.findIndex((segment) => /[*?]/.test(segment));
  const root = segments.slice(0, firstWild).join(path.sep) || path.sep;
  const wild = segments.slice(firstWild);
  const files = await listFiles(root).catch(() => []);
  return files.filter((file) => globMatches(wild, path.relative(root, file).split(path.sep)));
}

async function listFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const linked = entries
    .filter((entry) => entry.isSymbolicLink())
    .map((entry) => path.join(entry.parentPath, entry.name));
  const kinds = await Promise.all(linked.map((link) => stat(link).catch(() => undefined)));
  const isLinkToFile = new Set(linked.filter((_, i) => kinds[i]?.isFile()));
  return entries
    .map((entry) => ({ entry, file: path.join(entry.parentPath, entry.name) }))
    .filter(({ entry, file }) => entry.isFile() || isLinkToFile.has(file))
    .map(({ file }) => file)
    .filter((file) => !/(^|\/)[._]/.test(path.relative(folder, file).split(path.sep).join("/")))
    .sort((a, b) => (a < b ? -1 : 1));
}

const ENDINGS_HINT = `; known endings: ${Object.keys(FORMAT_OF_ENDING).join(" ")}`;

function endingOf(file: string): string {
  return path.extname(file).toLowerCase();
}

function formatOf(file: string, format: DataConfig["format"]): FileFormat {
  if (format !== "auto") return format;
  const found = FORMAT_OF_ENDING[endingOf(file)];
  if (found === undefined) {
    throw new ConfigError(`data.format: the ending of ${file} must tell its format${ENDINGS_HINT}; set data.format`);
  }
  return found;
}
