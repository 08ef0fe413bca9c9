import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder } from "../src/runtime/cache-layout.ts";

const REQUIREMENTS = join(import.meta.dirname, "requirements.txt");

/** Python of a virtual environment with PyTorch in twinstill's cache folder; made on first use. */
export function preparedPython(): string {
  const environment = join(cacheFolder(), "bench-python");
  const marker = join(environment, "requirements.txt");
  const python = join(environment, "bin", "python");
  const requirements = readFileSync(REQUIREMENTS, "utf8");
  if (existsSync(marker) && readFileSync(marker, "utf8") === requirements) return python;
  console.error("bench: preparing PyTorch in the cache folder (about 5 GB, once)");
  mkdirSync(cacheFolder(), { recursive: true });
  if (!existsSync(python)) execFileSync("python3", ["-m", "venv", environment], { stdio: "inherit" });
  execFileSync(python, ["-m", "pip", "install", "--quiet", "-r", REQUIREMENTS], { stdio: "inherit" });
  writeFileSync(marker, requirements);
  return python;
}
