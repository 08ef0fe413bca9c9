import { existsSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { holdLock, type LockHolder } from "../../src/files/file-lock.ts";
import { ended, startProgram, written } from "../runtime/fixtures/child-program.ts";
import { temporaryFolder } from "../runtime/fixtures/temporary-folder.ts";

const lockPath = () => join(temporaryFolder(), "cache", "runtime.lock");

function record(changes: object): string {
  return JSON.stringify({ pid: process.pid, host: "elsewhere", pidSpace: "other", begun: "1", token: "t", ...changes });
}

describe("holdLock", () => {
  it("makes the lock, with its folder, and gives it back", async () => {
    const path = lockPath();
    const release = await holdLock(path);
    expect(JSON.parse(readFileSync(path, "utf8"))).toMatchObject({ pid: process.pid });
    await release();
    expect(existsSync(path)).toBe(false);
  });

  it("makes a second holder of the same process wait, and says once for whom", async () => {
    const path = lockPath();
    const release = await holdLock(path);
    const holders: LockHolder[] = [];
    let second = false;
    const waiting = holdLock(path, { pollMs: 10, onWaiting: (holder) => holders.push(holder) }).then((give) => {
      second = true;
      return give;
    });
    await sleep(100);
    expect(second).toBe(false);
    expect(holders).toMatchObject([{ pid: process.pid }]);
    await release();
    await (await waiting)();
    expect(second).toBe(true);
  });

  it("waits for another process while it lives", async () => {
    const path = lockPath();
    const child = startProgram("hold-lock.mts", [path, "500"]);
    const end = ended(child);
    await written(child, "held");
    const holders: LockHolder[] = [];
    const release = await holdLock(path, { pollMs: 10, onWaiting: (holder) => holders.push(holder) });
    expect(holders).toMatchObject([{ pid: child.pid }]);
    expect(JSON.parse(readFileSync(path, "utf8"))).toMatchObject({ pid: process.pid });
    await release();
    expect(await end).toMatchObject({ status: 0, stderr: "" });
  });

  it("takes over from a process that was killed", async () => {
    const path = lockPath();
    const child = startProgram("hold-lock.mts", [path, "60000"]);
    await written(child, "held");
    const end = ended(child);
    child.kill("SIGKILL");
    await end;
    expect(existsSync(path)).toBe(true);
    const waited: LockHolder[] = [];
    await (await holdLock(path, { pollMs: 10, onWaiting: (holder) => waited.push(holder) }))();
    expect(waited).toEqual([]);
  });

  it("knows a dead holder whose number another process has now", async () => {
    const path = lockPath();
    await (await holdLock(path))();
    const release = await holdLock(path);
    const mine = JSON.parse(readFileSync(path, "utf8")) as object;
    await release();
    writeFileSync(path, JSON.stringify({ ...mine, begun: "1", token: "old" }));
    await (await holdLock(path, { pollMs: 10 }))();
    expect(existsSync(path)).toBe(false);
  });

  it("gives up a holder on another machine after a minute of silence, not before", async () => {
    const path = lockPath();
    await (await holdLock(path))();
    writeFileSync(path, record({}));
    const early = holdLock(path, { pollMs: 10, signal: AbortSignal.timeout(150) });
    await expect(early).rejects.toThrow(/abort|timeout/i);
    const before = new Date(Date.now() - 61_000);
    utimesSync(path, before, before);
    await (await holdLock(path, { pollMs: 10 }))();
    expect(existsSync(path)).toBe(false);
  });

  it("removes a lock file that says nothing, unless it is being written", async () => {
    const path = lockPath();
    await (await holdLock(path))();
    writeFileSync(path, "");
    const early = holdLock(path, { pollMs: 10, signal: AbortSignal.timeout(150) });
    await expect(early).rejects.toThrow(/abort|timeout/i);
    const before = new Date(Date.now() - 6000);
    utimesSync(path, before, before);
    await (await holdLock(path, { pollMs: 10 }))();
    expect(existsSync(path)).toBe(false);
  });

  it("never gives back another's lock", async () => {
    const path = lockPath();
    const release = await holdLock(path);
    writeFileSync(path, record({ token: "another" }));
    await release();
    expect(JSON.parse(readFileSync(path, "utf8"))).toMatchObject({ token: "another" });
  });
});
