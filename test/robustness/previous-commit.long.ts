// A commit that changes a number must mean to: curves of this tree and of the commit before it, bit for bit.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const here = fileURLToPath(new URL("../../", import.meta.url));
const git = (...args: readonly string[]): string => execFileSync("git", ["-C", here, ...args], { encoding: "utf8" });

let folder: string;
let parent: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "twinstill-parent-"));
  parent = join(folder, "tree");
  // What is not committed yet is this tree's own: then the commit itself is what came before.
  const before = git("status", "--porcelain", "--", "src").trim() === "" ? "HEAD~1" : "HEAD";
  git("worktree", "add", "--quiet", "--detach", parent, before);
  symlinkSync(join(here, "node_modules"), join(parent, "node_modules"));
});
afterAll(() => {
  git("worktree", "remove", "--force", parent);
  rmSync(folder, { recursive: true, force: true });
});

/** The losses by step of each kind of run, as the curves' own test prints them. */
function curvesOf(tree: string): Readonly<Record<string, readonly number[]>> {
  const vitest = join(here, "node_modules/vitest/vitest.mjs");
  const out = execFileSync(
    process.execPath,
    [vitest, "run", "--root", tree, "test/robustness/numbers.test.ts", "-t", "the curve of"],
    {
      cwd: tree,
      encoding: "utf8",
      env: { PATH: process.env.PATH, HOME: process.env.HOME, TWINSTILL_CURVES: "1", NO_COLOR: "1" },
    },
  );
  return Object.assign({}, ...[...out.matchAll(/^\{"[a-z]+":\[[^\]]*\]\}$/gm)].map(([line]) => JSON.parse(line)));
}

describe("the curves of the commit before", () => {
  it("are this one's, bit for bit; where a change is meant, CHANGELOG.md has it", () => {
    const [before, now] = [curvesOf(parent), curvesOf(here)];
    expect(Object.keys(now).sort()).toEqual(["cascade", "distill", "train"]);
    expect(now).toEqual(before);
  });
});
