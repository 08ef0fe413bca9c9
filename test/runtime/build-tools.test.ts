import { chmodSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { describe, expect, it } from "vitest";
import { ConfigError } from "../../src/errors.ts";
import { findBuildTools } from "../../src/runtime/build-tools.ts";
import { temporaryFolder } from "./fixtures/temporary-folder.ts";

/** A PATH of one folder that holds small programs: name to shell code. */
function pathWith(programs: Record<string, string>): string {
  const folder = temporaryFolder();
  for (const [name, code] of Object.entries(programs)) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${code}\n`);
    chmodSync(join(folder, name), 0o755);
  }
  return folder;
}

async function messageWith(programs: Record<string, string>): Promise<string> {
  const error = await findBuildTools({ PATH: pathWith(programs) }).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ConfigError);
  return (error as Error).message;
}

const noPip = 'case "$*" in *pip*) echo "No module named pip" >&2; exit 1;; esac';

describe("findBuildTools", () => {
  it("finds what this machine has", async () => {
    const { python, compiler } = await findBuildTools();
    expect(["python3", "python"]).toContain(python);
    expect([process.env.CXX, "c++", "g++", "clang++"]).toContain(compiler);
  });

  it("names all that is missing in one message", async () => {
    expect(await messageWith({})).toBe(
      "installRuntime: Python 3.8 or newer with pip and a C++ compiler must be installed, got no Python 3, no pip for " +
        'Python 3, no C++ compiler; run "sudo apt-get install python3 python3-pip g++" (Debian, Ubuntu) or "sudo dnf ' +
        'install python3 python3-pip gcc-c++" (Fedora, RHEL), then try again',
    );
  });

  it("tells a Python without pip from no Python", async () => {
    expect(await messageWith({ python3: noPip, "g++": "" })).toContain(
      'got no pip for Python 3 (No module named pip); run "sudo apt-get install python3-pip"',
    );
  });

  it("names the compiler alone", async () => {
    expect(await messageWith({ python3: "" })).toMatch(/got no C\+\+ compiler; run "sudo apt-get install g\+\+" /);
  });

  it("does not take a Python that is too old", async () => {
    expect(await messageWith({ python3: "exit 1", "c++": "" })).toContain("got no Python 3, no pip");
  });

  it("prefers $CXX, and does without it when it does not run", async () => {
    const path = pathWith({ python3: "", "c++": "", mine: "" });
    expect(await findBuildTools({ PATH: path, CXX: "mine" })).toEqual({ python: "python3", compiler: "mine" });
    expect(await findBuildTools({ PATH: path, CXX: "none" })).toEqual({ python: "python3", compiler: "c++" });
  });

  it("finds programs in any folder of the PATH", async () => {
    const [first, second] = [pathWith({ python: "" }), pathWith({})];
    symlinkSync("/bin/true", join(second, "clang++"));
    const found = await findBuildTools({ PATH: [first, second].join(delimiter) });
    expect(found).toEqual({ python: "python", compiler: "clang++" });
  });
});
