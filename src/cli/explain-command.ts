import { join } from "node:path";
import { nodeFiles } from "../files/file-layer.ts";
import { ablationConfig } from "../run/ablation/ablation-config.ts";
import { readCascadeConfig } from "../run/cascade/cascade-config.ts";
import { checkConfig } from "../run/config/check-config.ts";
import { loadConfig, type Origin } from "../run/config/load-config.ts";
import { readRunConfig } from "../run/config/run-config.ts";
import { lineConfig } from "../run/line/line-config.ts";
import { readStoredJob, runFolder } from "../run/run-folder.ts";
import { ExitCode, type Io } from "./io.ts";

export interface ExplainOptions {
  readonly set?: readonly string[];
}

interface Explained {
  readonly config: object;
  readonly origins: ReadonlyMap<string, Origin>;
  /** Of settings that were not written anywhere. */
  readonly unwritten: string;
}

/** `twinstill explain`: every setting of the resolved configuration of a run, cascade, ablation or line, and its origin. */
export async function explainCommand(file: string, { set = [] }: ExplainOptions, io: Io): Promise<number> {
  const { config, origins, unwritten } = await readAny(file, set);
  const rows: [setting: string, value: string, origin: string][] = [];
  const visit = (value: unknown, path: string): void => {
    const isBlock = typeof value === "object" && value !== null && Object.keys(value).length > 0 && !isFlat(value);
    if (isBlock) for (const [key, child] of Object.entries(value)) visit(child, path === "" ? key : `${path}.${key}`);
    else if (value !== undefined) rows.push([path, JSON.stringify(value), originOf(path)]);
  };
  const originOf = (path: string): string => {
    const origin = nearestOrigin(origins, path);
    if (origin === undefined) return unwritten;
    return origin.line === undefined ? origin.file : `${origin.file}:${origin.line}`;
  };
  visit(config, "");
  const widths = [0, 1].map((column) => Math.min(60, Math.max(...rows.map((row) => row[column]!.length))));
  for (const [setting, value, origin] of rows)
    io.out(`${setting.padEnd(widths[0]!)}  ${value.padEnd(widths[1]!)}  # ${origin}\n`);
  return ExitCode.ok;
}

/** A run folder holds its configuration resolved, without where it came from; files are told apart by their blocks. */
async function readAny(file: string, set: readonly string[]): Promise<Explained> {
  if (await nodeFiles.exists(join(file, "config.resolved.json"))) {
    const { config } = await readStoredJob(runFolder(file));
    return { config, origins: new Map(), unwritten: join(file, "config.resolved.json") };
  }
  const loaded = loadConfig(file, set);
  const { origins } = loaded;
  if ("stages" in loaded.value) return { ...readCascadeConfig(file, set), unwritten: "default" };
  if ("base" in loaded.value) return { config: checkConfig(ablationConfig, loaded), origins, unwritten: "default" };
  if ("steps" in loaded.value) return { config: checkConfig(lineConfig, loaded), origins, unwritten: "default" };
  return { ...readRunConfig(file, set), unwritten: "default" };
}

/** Where a setting was written; one entry may stand for a list of one. */
function nearestOrigin(origins: ReadonlyMap<string, Origin>, path: string): Origin | undefined {
  return origins.get(path) ?? origins.get(path.replaceAll(/\.0(?=\.|$)/g, ""));
}

/** Lists of plain values stay on one line. */
function isFlat(value: object): boolean {
  return Array.isArray(value) && value.every((item) => typeof item !== "object" || item === null);
}
