// npm run test:python: do the Python packages read our files, and we theirs? Needs python3 and a package index; makes
// its own virtual environment in the user's cache folder, once.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { writeEmbeddings } from "../../src/run/formats/embedding-parquet.ts";
import { readSafetensors } from "../../src/run/formats/safetensors-read.ts";
import { writeSafetensors } from "../../src/run/formats/safetensors-write.ts";
import { openEventWriter } from "../../src/run/formats/tensorboard.ts";

const requirements = readFileSync(join(import.meta.dirname, "requirements.txt"), "utf8");

/** The number that check_formats.py expects at place i. */
function value(i: number): number {
  return (((i * 37) % 1009) - 500) / 8;
}

function values(from: number, to: number): Float32Array {
  return Float32Array.from({ length: to - from }, (_, i) => value(from + i));
}

function preparedPython(): string {
  const cache =
    process.env.TWINSTILL_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "twinstill");
  const environment = join(cache, "test-python");
  const marker = join(environment, "requirements.txt");
  const python = join(environment, "bin", "python");
  if (existsSync(marker) && readFileSync(marker, "utf8") === requirements) return python;
  rmSync(environment, { recursive: true, force: true });
  mkdirSync(cache, { recursive: true });
  execFileSync("python3", ["-m", "venv", environment], { stdio: "inherit" });
  execFileSync(python, ["-m", "pip", "install", "--quiet", "-r", join(import.meta.dirname, "requirements.txt")], {
    stdio: "inherit",
  });
  writeFileSync(marker, requirements);
  return python;
}

async function writeTensors(folder: string): Promise<void> {
  function* pieces() {
    for (let at = 0; at < 320_000; at += 50_000) yield values(at, Math.min(320_000, at + 50_000));
  }
  await writeSafetensors(
    join(folder, "typescript.safetensors"),
    {
      bytes: { dtype: "U8", shape: [1, 3], data: Uint8Array.of(1, 2, 255) },
      table: { dtype: "F32", shape: [5000, 64], data: pieces() },
      scalar: { dtype: "I32", shape: [], data: Int32Array.of(-7) },
      doubles: { dtype: "F64", shape: [5], data: Float64Array.from({ length: 5 }, (_, i) => value(i) / 3) },
      empty: { dtype: "F32", shape: [0, 3], data: new Float32Array(0) },
      "Umlaut ü": { dtype: "U8", shape: [1], data: Uint8Array.of(3) },
    },
    { metadata: { format_version: "1", note: "größer" } },
  );
}

async function writeEvents(folder: string): Promise<void> {
  const first = await openEventWriter(join(folder, "tb"));
  await first.text(0, "config", "# größer\n");
  for (let step = 0; step < 10; step++) await first.scalars(step, { "loss/total": value(step) });
  await first.close();
  const second = await openEventWriter(join(folder, "tb"), { resumeStep: 6 });
  for (let step = 6; step < 12; step++) await second.scalars(step, { "loss/total": value(step) });
  await second.scalars(11, { "test/recall@10": 0.25 });
  await second.close();
  const cut = await openEventWriter(join(folder, "cut"));
  for (let step = 0; step < 4; step++) await cut.scalars(step, { loss: 1 });
  await cut.close();
  truncateSync(cut.path, statSync(cut.path).size - 10); // as a killed writer leaves it
}

async function writeVectors(folder: string): Promise<void> {
  const ids = Array.from({ length: 20_000 }, (_, i) => i * 3 - 5);
  const items = [{ ids, vectors: values(0, 320_000) }];
  await writeEmbeddings(join(folder, "items.parquet"), items, { width: 16, ids: "int64", metadata: { tower: "item" } });
  const users = [
    { ids: ["ü"], vectors: values(0, 2) },
    { ids: [""], vectors: values(2, 4) },
  ];
  await writeEmbeddings(join(folder, "users.parquet"), users, { width: 2, ids: "string" });
}

async function readPythons(folder: string): Promise<void> {
  const { metadata, tensors } = await readSafetensors(join(folder, "python.safetensors"));
  assert.deepEqual(metadata, { from: "python" });
  assert.deepEqual(tensors.get("table"), values(0, 600));
  assert.deepEqual(
    tensors.get("ids"),
    BigInt64Array.from({ length: 7 }, (_, i) => BigInt(i - 3)),
  );
}

const folder = mkdtempSync(join(tmpdir(), "twinstill-python-"));
try {
  const python = preparedPython();
  await writeTensors(folder);
  await writeEvents(folder);
  await writeVectors(folder);
  const checks: string[] = JSON.parse(
    execFileSync(python, [join(import.meta.dirname, "check_formats.py"), folder], { encoding: "utf8" }),
  );
  await readPythons(folder);
  for (const check of [...checks, "read_python_safetensors"]) console.log(`ok ${check}`);
  console.log(`${checks.length + 1} passed, 0 failed`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
