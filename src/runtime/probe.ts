// The program of the trial process (probe-in-child.ts): takes one request, answers once, ends. Never imported.
import * as tf from "@tensorflow/tfjs";
import { tryRung } from "./load-runtime.ts";
import { nativeRuntime } from "./native-rungs.ts";
import { cachedPlace, openNative } from "./open-native.ts";
import type { ProbeRequest, ProbeResult } from "./probe-in-child.ts";
import { firstLine } from "./run-command.ts";
import type { RungOutcome } from "./runtime-types.ts";

process.once("message", (request: ProbeRequest) => {
  void answer(request).then((result) => process.send?.(result));
});

async function answer(request: ProbeRequest): Promise<ProbeResult> {
  try {
    const outcome = await attempt(request);
    if (!outcome.ok) return outcome;
    const { kind, device, libraryVersion } = outcome.runtime;
    const problem = await productProblem();
    return problem ? { ok: false, reason: problem } : { ok: true, kind, device, libraryVersion };
  } catch (error) {
    return { ok: false, reason: firstLine(error) };
  }
}

async function attempt(request: ProbeRequest): Promise<RungOutcome> {
  tf.enableProdMode();
  if ("kind" in request) return tryRung(request.kind, { forced: true, verbose: false });
  return { ok: true, runtime: nativeRuntime(await openNative(cachedPlace(request.root))) };
}

/** Squares [1 2; 3 4]: what is wrong with the product, if anything. */
async function productProblem(): Promise<string | undefined> {
  const x = tf.tensor2d([1, 2, 3, 4], [2, 2]);
  const got = Array.from(await tf.matMul(x, x).data()).join(" ");
  return got === "7 10 15 22" ? undefined : `[1 2; 3 4] squared gives ${got} in place of 7 10 15 22`;
}
