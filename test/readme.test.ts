import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { configDocuments } from "../docs/scripts/config-reference.ts";

const COMPILER = {
  module: "nodenext",
  target: "es2023",
  lib: ["es2023", "dom"],
  strict: true,
  skipLibCheck: true,
  types: [],
};

/** The code block of a document after the marker `<!-- test: name -->`. */
function block(document: string, name: string): string {
  const found = readFileSync(document, "utf8").match(
    new RegExp(`<!-- test: ${name} -->\\n\`\`\`ts\\n([\\s\\S]*?)\`\`\``),
  );
  if (!found) throw new Error(`${document} has no block "${name}"`);
  return found[1]!;
}

/** Compiles code against the built package, in a folder of its own, and runs it. @returns the lines it printed. */
function runExample(code: string): string[] {
  const folder = mkdtempSync(join(tmpdir(), "twinstill-readme-"));
  try {
    mkdirSync(join(folder, "node_modules"));
    symlinkSync(resolve("."), join(folder, "node_modules", "twinstill"));
    symlinkSync(resolve("node_modules/@tensorflow"), join(folder, "node_modules", "@tensorflow"));
    symlinkSync(resolve("examples"), join(folder, "examples"));
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions: COMPILER, files: ["example.mts"] }));
    writeFileSync(join(folder, "example.mts"), code);
    execFileSync(resolve("node_modules/.bin/tsc"), { cwd: folder, encoding: "utf8" });
    return execFileSync(process.execPath, ["example.mjs"], { cwd: folder, encoding: "utf8" }).trim().split("\n");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe("README.md", () => {
  it("has a library example of about 20 lines that trains and prints a metric", () => {
    const code = block("README.md", "library example");
    expect(code.split("\n").length).toBeLessThanOrEqual(22);
    const printed = runExample(code);
    expect(printed.slice(0, -1).map((line) => Number(line.split(" ")[0]))).toEqual([20, 40]);
    expect(Number(printed.at(-1))).toBeGreaterThan(0.1);
  });
});

describe("docs/architecture.md", () => {
  it("has a step of the user's own that learns", () => {
    const [loss] = runExample(block("docs/architecture.md", "own step"));
    expect(Number(loss)).toBeLessThan(0.15); // equal ids have labels 0 and 0.5: 1/24 of the squares must stay
    expect(Number(loss)).toBeGreaterThan(0.04);
  });
});

describe("docs/configuration.md", () => {
  it("is what the schema says: run npm run docs:config after a change", () => {
    for (const [path, text] of Object.entries(configDocuments())) expect(readFileSync(path, "utf8"), path).toBe(text);
  });
});

describe("the documents", () => {
  const documents = ["README.md", "CHANGELOG.md", ...readdirSync("docs").map((name) => `docs/${name}`)].filter((path) =>
    path.endsWith(".md"),
  );

  it.each(documents)("%s names files and commands that exist", (document) => {
    const text = readFileSync(document, "utf8");
    const { scripts } = JSON.parse(readFileSync("package.json", "utf8"));
    for (const [, path] of text.matchAll(/\]\(([^)#]+)\)/g)) {
      if (!/^https?:/.test(path!)) expect(() => statSync(join(dirname(document), path!)), path).not.toThrow();
    }
    for (const [, name] of text.matchAll(/npm run ([\w:-]+)/g)) expect(scripts, name).toHaveProperty([name!]);
  });
});
