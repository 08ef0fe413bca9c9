import { readdirSync, readFileSync } from "node:fs";
import { basename, join, relative } from "node:path";

/** What every job may leave out of an equality: who ran it, and what tells again, with times, what metrics.jsonl and results.json tell. */
const NOT_COMPARED = /(^|\/)(tb\/|env\.json$|report\/|results\.(md|csv|parquet)$)/;
/** Numbers that measure the machine. */
const TIMES = /seconds$|^(rowsPerSecond|dataWaitShare|folder|cost)$/i;

/** Files under `folder` by relative path, each as text or hexadecimal, without times. */
export function folderContents(folder: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll("\\", "/"))
      .filter((name) => !NOT_COMPARED.test(name))
      .sort()
      .map((name) => [
        name,
        comparable(name, readFileSync(join(folder, name)))
          .replaceAll(folder, "OUT")
          .replaceAll(basename(folder), "OUT"),
      ]),
  );
}

function comparable(name: string, bytes: Buffer): string {
  if (name.endsWith(".json")) return JSON.stringify(withoutTimes(JSON.parse(bytes.toString("utf8"))));
  if (name.endsWith(".jsonl")) return comparableLines(bytes.toString("utf8"));
  return /\.(arrow|safetensors|parquet)$/.test(name) ? bytes.toString("hex") : bytes.toString("utf8");
}

/** Lines without times; a last line that a dead writer cut is kept as it is. */
function comparableLines(text: string): string {
  const lines = text.split("\n").filter((line) => line !== "" && !line.includes('"startUp/'));
  const whole = text.endsWith("\n") ? lines : lines.slice(0, -1);
  return whole.map((line) => JSON.stringify(withoutTimes(JSON.parse(line)))).join("\n");
}

function withoutTimes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutTimes);
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value).filter(([key]) => !TIMES.test(key));
  return Object.fromEntries(kept.map(([key, inner]) => [key, withoutTimes(inner)]));
}
