import { beforeAll, describe, expect, it } from "vitest";
import { captureEntry } from "../../src/engine/capture.ts";
import { type Attributes, DataType, type GraphNode } from "../../src/engine/graph.ts";
import type { NativeEngine } from "../../src/engine/native.ts";
import { placeNodes } from "../../src/engine/placement.ts";
import { variableNodes } from "../../src/engine/variable-nodes.ts";
import { listVariables } from "../../src/engine/variables.ts";
import { roundKeys } from "../../src/random.ts";
import { jointBatch, jointInputs, jointModel } from "./fixtures/joint-model.ts";
import { nativeEngine } from "./fixtures/native.ts";

let native: NativeEngine;
beforeAll(async () => {
  native = await nativeEngine();
});

/** Which attribute names the type of an op's result, where it is not T. */
const RESULT: Readonly<Record<string, string>> = {
  Const: "dtype",
  Placeholder: "dtype",
  ReadVariableOp: "dtype",
  ResourceGather: "dtype",
  VarHandleOp: "dtype",
  Cast: "DstT",
  Size: "out_type",
  GatherV2: "Tparams",
};
const isInt = (attributes: Attributes, name: string): boolean => {
  const attribute = attributes[name];
  return attribute?.kind === "type" && attribute.value === DataType.int32;
};
const isIntResult = ({ op, attributes }: GraphNode): boolean => isInt(attributes, RESULT[op] ?? "T");

describe("placeNodes", () => {
  it("keeps what is int32 on the host and leaves all floats to the placer", () => {
    const { parameters, entries } = jointModel();
    const call = {
      batch: jointBatch(1, 8),
      scalars: jointInputs,
      keys: Float32Array.from(roundKeys(1, "x"), (key) => key / 4096),
    };
    const { nodes } = captureEntry(native, parameters, "train", entries.train, "train_1", call);
    const placed = placeNodes([...variableNodes(listVariables(parameters, entries)), ...nodes]);
    const onHost = placed.filter(({ device }) => device === "/device:CPU:0");
    const free = placed.filter(({ device }) => device === undefined);
    expect(onHost.length + free.length).toBe(placed.length);
    expect(free.filter(isIntResult).map(({ name }) => name)).toEqual([]);
    // TensorFlow's own Range kernel for GPUs writes to the host's memory.
    expect(onHost.filter((node) => !isIntResult(node) && node.op !== "Range")).toEqual([]);
    const ops = (list: readonly GraphNode[]): string[] => [...new Set(list.map(({ op }) => op))].sort();
    expect(ops(onHost)).toMatchInlineSnapshot(`
      [
        "Const",
        "NotEqual",
        "Placeholder",
        "Range",
        "Reshape",
        "SelectV2",
        "Size",
        "Unique",
      ]
    `);
    expect(ops(free)).toEqual(
      expect.arrayContaining([
        "MatMul",
        "BatchMatMulV2",
        "ResourceGather",
        "ResourceApplyAdam",
        "UnsortedSegmentSum",
        "VarHandleOp",
      ]),
    );
  });
});
