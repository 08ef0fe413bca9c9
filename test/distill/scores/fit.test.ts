import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { assertStoreFits, type Wanted } from "../../../src/distill/scores/fit.ts";
import { openStore, type ScoreStore } from "../../../src/distill/scores/open-store.ts";
import { DataError } from "../../../src/errors.ts";
import { temporaryFolder } from "../../run/formats/temporary-folder.ts";
import { runJob, smallHeader } from "./small-store.ts";

const root = temporaryFolder();
let store: ScoreStore;
let imported: ScoreStore;
beforeAll(async () => {
  await runJob(join(root, "own"));
  await runJob(join(root, "imported"), { header: smallHeader({ teacher: { kind: "imported", name: "ranker" } }) });
  store = await openStore(join(root, "own"));
  imported = await openStore(join(root, "imported"));
});

const wanted: Wanted = { heads: ["ctr"], day: { column: "day", from: 5, to: 6 } };

describe("a store that does not fit", () => {
  it("is refused, naming the field and both values", () => {
    const message = (changes: Partial<Wanted>, which = store): string => {
      try {
        assertStoreFits(which, { ...wanted, ...changes });
        return "fits";
      } catch (error) {
        expect(error).toBeInstanceOf(DataError);
        return (error as Error).message.replace(root, "");
      }
    };
    expect(message({})).toBe("fits");
    expect(message({ weights: "00000000000000aa", features: "00000000000000bb" })).toBe("fits");
    expect(message({ weights: "00000000000000ff" })).toBe(
      "--scores /own: teacher.weights must be 00000000000000ff, got 00000000000000aa",
    );
    expect(message({ features: "00000000000000ff" })).toBe(
      "--scores /own: teacher.features must be 00000000000000ff, got 00000000000000bb",
    );
    expect(message({ heads: ["ctr", "ctcv"] })).toBe(
      '--scores /own: heads must be such that "ctcv" is there, got ctr, ctcvr; did you mean "ctcvr"?',
    );
    expect(message({ day: { column: "day", from: 6, to: 7 } })).toBe(
      "--scores /own: day must be day 6 to 7, got day 5 to 6",
    );
    expect(message({ day: null })).toBe("fits");
    expect(message({ weights: "00000000000000ff" }, imported)).toBe(
      "--scores /imported: teacher.weights must be 00000000000000ff, got those of an imported store, which has none",
    );
  });
});
