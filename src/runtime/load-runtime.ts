import * as tf from "@tensorflow/tfjs";
import { ConfigError, nearestName } from "../errors.ts";
import { INSTALL_COMMAND, tryNativeRung } from "./native-rungs.ts";
import {
  DEVICE_CHOICES,
  type DeviceChoice,
  kindOfDevice,
  RUNTIME_KINDS,
  type RungOutcome,
  type Runtime,
  type RuntimeKind,
} from "./runtime-types.ts";
import { tryCpuRung, tryWasmRung } from "./tfjs-rungs.ts";

export interface LoadOptions {
  /** `auto` takes the best rung that loads; any other is taken or is an error. */
  readonly device?: DeviceChoice;
  /** Lets TensorFlow's and tfjs's own messages through to the terminal. */
  readonly verbose?: boolean;
}

let current: Runtime | undefined;
let queue: Promise<unknown> = Promise.resolve();

/**
 * Loads the tensor runtime and makes it tfjs's backend. Downloads nothing. Further calls give the same runtime.
 *
 * @throws {ConfigError} the forced device cannot be had, is unknown, or differs from what this process already runs on.
 */
export function loadRuntime(options: LoadOptions = {}): Promise<Runtime> {
  const next = queue.then(() => loadOnce(options));
  queue = next.catch(() => undefined);
  return next;
}

async function loadOnce({ device = "auto", verbose = false }: LoadOptions): Promise<Runtime> {
  requireKnown(device);
  if (!current) {
    // tfjs writes hints and warnings with console.warn unless it is in this mode; nothing else depends on it.
    if (!verbose) tf.enableProdMode();
    current = await climbLadder(device, (kind, forced) => tryRung(kind, { forced, verbose }));
  }
  if (device !== "auto" && kindOfDevice(device) !== current.kind) {
    throw new ConfigError(
      `loadRuntime: device must stay the same within a process, got "${device}" after ${current.kind} was loaded; ` +
        "start another process for it",
    );
  }
  return current;
}

function requireKnown(device: DeviceChoice): void {
  if (DEVICE_CHOICES.includes(device)) return;
  const near = nearestName(String(device), DEVICE_CHOICES);
  throw new ConfigError(
    `loadRuntime: device must be one of ${DEVICE_CHOICES.join(", ")}, got "${device}"` +
      (near ? `; did you mean "${near}"?` : ""),
  );
}

/** Tries one rung of the ladder for real. */
export function tryRung(kind: RuntimeKind, options: { forced: boolean; verbose: boolean }): Promise<RungOutcome> {
  if (kind === "wasm") return tryWasmRung();
  if (kind === "cpu") return tryCpuRung();
  return tryNativeRung(kind, options);
}

/**
 * The best rung that `attempt` can load, with the reasons against the better ones; of a forced device only its own.
 *
 * @throws {ConfigError} none can be loaded; the message has the reason and, where there is one, the remedy.
 */
export async function climbLadder(
  device: DeviceChoice,
  attempt: (kind: RuntimeKind, forced: boolean) => Promise<RungOutcome>,
): Promise<Runtime> {
  const forced = device !== "auto";
  const reasons: string[] = [];
  let remedy: string | undefined;
  for (const kind of forced ? [kindOfDevice(device)] : RUNTIME_KINDS) {
    const outcome = await attempt(kind, forced);
    if (outcome.ok) return { ...outcome.runtime, reasons };
    reasons.push(`${kind}: ${outcome.reason}`);
    remedy ??= outcome.remedy;
  }
  const way = remedy === INSTALL_COMMAND ? `run "${remedy}"` : remedy;
  throw new ConfigError(
    `loadRuntime: device "${device}" must be usable on this machine, got ${reasons.join("; ")}` +
      `; ${way ? `${way}, or ` : ""}${forced ? "take --device auto for the best one that works" : "reinstall twinstill"}`,
  );
}
