import { resolve } from "node:path";
import { ConfigError } from "../errors.ts";
import { readRunConfig } from "../run/config/run-config.ts";
import { type ImportSource, importScores } from "../run/score/import/import-scores.ts";
import type { Holds } from "../run/score/import/stored-value.ts";
import { ExitCode, type Io } from "./io.ts";

export interface ImportCommandOptions {
  readonly config: string;
  readonly out: string;
  readonly column?: string;
  readonly file?: string;
  readonly format: "table" | "flag-embedding";
  readonly user?: string;
  readonly item?: string;
  readonly holds: Holds;
  readonly head: string;
  readonly ranker: string;
  readonly set?: readonly string[];
  readonly resume?: true;
  readonly json?: true;
}

/** `twinstill import` */
export async function importCommand(options: ImportCommandOptions, io: Io): Promise<number> {
  const { config, out, holds, head, ranker, set = [], resume, json } = options;
  const source = sourceOf(options);
  if (holds === "ranks" && source.kind !== "table")
    throw new ConfigError(`--holds: ranks must come from a table, got ${source.kind}; give --file and --column`);
  const resolved = readRunConfig(config, set);
  const manifest = await importScores({ resolved, source, holds, head, ranker, out, resume: resume === true });
  const sections = Object.entries(manifest.content).map(([name, { rows }]) => `${name} ${rows.toLocaleString("en")}`);
  if (json) io.out(`${JSON.stringify({ store: out, coverage: manifest.coverage })}\n`);
  else
    io.out(`${manifest.coverage.of.toLocaleString("en")} scores of ${ranker} read; ${out}: ${sections.join(", ")}\n`);
  return ExitCode.ok;
}

function sourceOf({ column, file, format, user, item }: ImportCommandOptions): ImportSource {
  if (format === "flag-embedding") {
    if (file === undefined)
      throw new ConfigError("--format flag-embedding: a file must be named, got none; give --file");
    return { kind: "flag-embedding", file: resolve(file) };
  }
  if (column === undefined) throw new ConfigError("--column: the column of the scores must be named, got none");
  if (file === undefined) return { kind: "data-column", column };
  return { kind: "table", file: resolve(file), column, user, item };
}
