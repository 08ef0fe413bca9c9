import { totalmem } from "node:os";
import { describe, expect, it } from "vitest";
import { memoryLeft, memoryLimit, memoryProblem, refusedTensor } from "../src/memory-limit.ts";

const GIB = 2 ** 30;
const need = (shares: readonly number[], limit: number): string | undefined =>
  memoryProblem({
    where: "tables",
    shares: shares.map((bytes, i) => ({ name: `part ${i}`, bytes })),
    cure: "buy more",
    limit,
  });

describe("memoryLimit", () => {
  it("is no more than the machine has", () => {
    expect(memoryLimit()).toBeGreaterThan(2 ** 26);
    expect(memoryLimit()).toBeLessThanOrEqual(totalmem());
  });
});

describe("memoryProblem", () => {
  it("is none up to the limit", () => {
    expect(need([GIB, GIB], 2 * GIB)).toBeUndefined();
    expect(need([], 0)).toBeUndefined();
  });

  it("names the estimate, the greatest parts and what there is", () => {
    expect(need([GIB, 1], GIB)).toBe(
      "tables: memory must hold 1.0 GiB at least (part 0 1.0 GiB, part 1 1 B), got 1.0 GiB in all; buy more",
    );
    expect(need([1024, 3 * GIB, 0, 5 * GIB, 2 ** 20, 1, 2], 2000)).toBe(
      "tables: memory must hold 8.0 GiB at least (part 3 5.0 GiB, part 1 3.0 GiB, part 4 1.0 MiB, part 0 1.0 KiB, 2 more), got 2.0 KiB in all; buy more",
    );
  });

  it("is one where the sum is no number that a machine could hold", () => {
    expect(need([Number.POSITIVE_INFINITY], GIB)).toContain("Infinity");
    expect(need([Number.NaN], GIB)).toContain("NaN");
    expect(need([2 ** 62], GIB)).toContain("4096.0 PiB");
  });
});

describe("memoryLeft", () => {
  it("is no more than the machine has", () => {
    expect(memoryLeft()).toBeGreaterThan(2 ** 20);
    expect(memoryLeft()).toBeLessThanOrEqual(totalmem());
  });
});

describe("refusedTensor", () => {
  const said = (status: number, message: string): Error =>
    new Error(`Invalid TF_Status: ${status}\nMessage: ${message}`);

  it("words what TensorFlow could not allocate", () => {
    const message = "OOM when allocating tensor with shape[512,1024] and type float on /device:CPU:0";
    expect(refusedTensor(said(8, message))).toBe("none for a tensor of shape [512, 1024] (2.0 MiB of float32)");
    expect(refusedTensor(said(8, "out of memory"))).toBe("none for another tensor");
  });

  it("is none for other errors", () => {
    expect(refusedTensor(said(3, "shape[2]"))).toBeUndefined();
    expect(refusedTensor(said(80, "shape[2]"))).toBeUndefined();
    expect(refusedTensor("Invalid TF_Status: 8")).toBeUndefined();
  });
});
