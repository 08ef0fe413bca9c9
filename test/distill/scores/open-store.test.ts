import { readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { openStore, readShards } from "../../../src/distill/scores/open-store.ts";
import { DataError } from "../../../src/errors.ts";
import { temporaryFolder } from "../../run/formats/temporary-folder.ts";
import { runJob } from "./small-store.ts";

const root = temporaryFolder();
let count = 0;
let path: string;
beforeEach(async () => {
  path = join(root, `store-${count++}`);
  await runJob(path);
});

async function readAll(): Promise<number> {
  let rows = 0;
  for await (const { columns } of readShards(await openStore(path), "rows")) rows += columns.rows;
  return rows;
}
const manifest = (change: (value: Record<string, unknown>) => void): void => {
  const file = join(path, "manifest.json");
  const value = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
  change(value);
  writeFileSync(file, JSON.stringify(value));
};

describe("a store that is not whole is refused", () => {
  it("without its folder or its manifest", async () => {
    rmSync(join(path, "manifest.json"));
    await expect(openStore(path)).rejects.toThrow(
      new DataError(`--scores ${path}: folder must hold a whole score store, got no manifest.json in it`),
    );
    await expect(openStore(join(path, "no"))).rejects.toThrow(DataError);
  });

  it("without one of its shards", async () => {
    rmSync(join(path, "rows-00001.arrow"));
    await expect(openStore(path)).rejects.toThrow(
      new DataError(
        `${path}/rows-00001.arrow: shard must be there as the manifest says, got none; score again or copy it again`,
      ),
    );
  });

  it("with a shard cut anywhere", async () => {
    const file = join(path, "rows-00001.arrow");
    const whole = readFileSync(file);
    for (let length = 0; length < whole.length; length += 37) {
      writeFileSync(file, whole.subarray(0, length));
      await expect(openStore(path)).rejects.toThrow(
        new DataError(`${file}: shard must have ${whole.length} bytes, got ${length}; score again or copy it again`),
      );
    }
    truncateSync(file, whole.length); // zeros behind the cut: the length is right
    await expect(readAll()).rejects.toThrow(
      /shard must have SHA-256 [0-9a-f]{64}, got [0-9a-f]{64}: its bytes were changed/,
    );
  });

  it("with one flipped bit anywhere", async () => {
    const file = join(path, "rows-00002.arrow");
    const whole = readFileSync(file);
    for (let at = 0; at < whole.length; at += 11) {
      const flipped = Buffer.from(whole);
      flipped[at]! ^= 1 << (at % 8);
      writeFileSync(file, flipped);
      await expect(readAll(), `byte ${at}`).rejects.toThrow(/rows-00002.arrow: shard must have SHA-256/);
    }
    writeFileSync(file, whole);
    expect(await readAll()).toBe(12);
  });

  it("of another format, or with a field that is missing or wrong", async () => {
    manifest((value) => {
      value.format = 2;
    });
    await expect(openStore(path)).rejects.toThrow(
      new DataError(
        `${path}/manifest.json: score store must have format 1, got 2; use the version of twinstill that wrote it`,
      ),
    );
    manifest((value) => {
      value.format = 1;
      delete value.heads;
    });
    await expect(openStore(path)).rejects.toThrow(`${path}/manifest.json: heads must be what the store's writer wrote`);
    writeFileSync(join(path, "manifest.json"), "{");
    await expect(openStore(path)).rejects.toThrow(/manifest.json: file must hold JSON, got /);
  });

  it("or whose shard's file name leaves the folder", async () => {
    manifest((value) => {
      const content = value.content as { rows: { shards: { file: string }[] } };
      content.rows.shards[0]!.file = "../x.arrow";
    });
    await expect(openStore(path)).rejects.toThrow("content.rows.shards.0.file must be what the store's writer wrote");
  });

  it("where a section is asked for that it does not hold", async () => {
    const store = await openStore(path);
    await expect(readShards(store, "top").next()).rejects.toThrow(
      new DataError(`${path}: score store must hold section "top", got rows; score it too`),
    );
  });
});
