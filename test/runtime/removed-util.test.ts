import util from "node:util";
import { afterEach, expect, it } from "vitest";
import { putBackRemovedUtil } from "../../src/runtime/removed-util.ts";

type OldUtil = { isNullOrUndefined?: (value: unknown) => boolean; isArray?: (value: unknown) => boolean };
const old = util as OldUtil;
const before = { ...old };

afterEach(() => {
  for (const name of ["isNullOrUndefined", "isArray"] as const) {
    if (before[name]) old[name] = before[name];
    else delete old[name];
  }
});

it.each(["22.23.3", "23.0.0", "26.1.0"])("puts the two functions back on Node %s", (version) => {
  delete old.isNullOrUndefined;
  delete old.isArray;
  putBackRemovedUtil(version);
  expect([null, undefined, 0, "", false, []].map((value) => old.isNullOrUndefined?.(value))).toEqual([
    true,
    true,
    false,
    false,
    false,
    false,
  ]);
  expect([[], { length: 0 }, "ab", null].map((value) => old.isArray?.(value))).toEqual([true, false, false, false]);
});

it("leaves Node 20, which has them, alone", () => {
  delete old.isArray;
  putBackRemovedUtil("20.19.0");
  expect(old.isArray).toBeUndefined();
});
