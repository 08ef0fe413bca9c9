import { readRunConfig } from "../run/config/run-config.ts";
import { ExitCode, type Io } from "./io.ts";

export interface ExplainOptions {
  readonly set?: readonly string[];
}

/** `twinstill explain`: every setting of the resolved configuration with where it comes from. */
export async function explainCommand(file: string, { set = [] }: ExplainOptions, io: Io): Promise<number> {
  const { config, origins } = readRunConfig(file, set);
  const rows: [setting: string, value: string, origin: string][] = [];
  const visit = (value: unknown, path: string): void => {
    const isBlock = typeof value === "object" && value !== null && Object.keys(value).length > 0 && !isFlat(value);
    if (isBlock) for (const [key, child] of Object.entries(value)) visit(child, path === "" ? key : `${path}.${key}`);
    else if (value !== undefined) rows.push([path, JSON.stringify(value), originOf(path)]);
  };
  const originOf = (path: string): string => {
    const origin = origins.get(path);
    if (origin !== undefined) return origin.line === undefined ? origin.file : `${origin.file}:${origin.line}`;
    return "default";
  };
  visit(config, "");
  const widths = [0, 1].map((column) => Math.min(60, Math.max(...rows.map((row) => row[column]!.length))));
  for (const [setting, value, origin] of rows)
    io.out(`${setting.padEnd(widths[0]!)}  ${value.padEnd(widths[1]!)}  # ${origin}\n`);
  return ExitCode.ok;
}

/** Lists of plain values stay on one line. */
function isFlat(value: object): boolean {
  return Array.isArray(value) && value.every((item) => typeof item !== "object" || item === null);
}
