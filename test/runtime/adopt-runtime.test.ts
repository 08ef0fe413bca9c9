import * as tf from "@tensorflow/tfjs";
import { expect, it } from "vitest";
import { loadRuntime } from "../../src/runtime/index.ts";
import { nativeFacts, nativePlaces } from "../../src/runtime/native-rungs.ts";
import { openNative } from "../../src/runtime/open-native.ts";

it("keeps the TensorFlow that the program itself has made tfjs's backend", async () => {
  const [[, place] = []] = nativePlaces("native-cpu", nativeFacts());
  const theirs = await openNative(place!);
  await tf.setBackend("cpu");
  const runtime = await loadRuntime();
  expect(runtime.native?.backend).toBe(theirs.backend);
  expect(tf.backend()).toBe(theirs.backend);
  expect(runtime.native?.proto.GraphDef).toBe(theirs.proto.GraphDef);
});
