import { INSTALL_COMMAND, nativeFacts } from "./native-rungs.ts";
import { probeInChild } from "./probe-in-child.ts";
import { checkChecksums } from "./ready-marker.ts";
import { RUNTIME_KINDS, type RungReport, type RuntimeKind, type RuntimeVariant } from "./runtime-types.ts";

/**
 * Tries every rung with one op, each in a process of its own, and reads the checksums of what is installed: some
 * seconds. Changes nothing.
 */
export async function inspectRuntime({
  env = process.env,
}: {
  readonly env?: NodeJS.ProcessEnv;
} = {}): Promise<readonly RungReport[]> {
  const damage = await findDamage(env);
  const reports: RungReport[] = [];
  for (const kind of RUNTIME_KINDS) reports.push(await inspectRung(kind, { damage, env }));
  return reports;
}

async function inspectRung(
  kind: RuntimeKind,
  { damage, env }: { damage: Readonly<Record<RuntimeVariant, string | undefined>>; env: NodeJS.ProcessEnv },
): Promise<RungReport> {
  const damaged = kind === "native-gpu" ? damage.cuda : kind === "native-cpu" ? damage.cpu : undefined;
  // Not loaded: damaged code may do anything.
  if (damaged)
    return { kind, usable: false, reason: `the installed files are damaged: ${damaged}`, remedy: INSTALL_COMMAND };
  const probe = await probeInChild({ kind }, { env });
  if (!probe.ok) return { kind, usable: false, reason: probe.reason, remedy: probe.remedy };
  return { kind, usable: true, device: probe.device, libraryVersion: probe.libraryVersion };
}

async function findDamage(env: NodeJS.ProcessEnv): Promise<Record<RuntimeVariant, string | undefined>> {
  const { installed } = nativeFacts(env);
  const look = async (variant: RuntimeVariant) => {
    const state = await checkChecksums(installed[variant].root);
    return state.state === "broken" ? state.reason : undefined;
  };
  return { cpu: await look("cpu"), cuda: await look("cuda") };
}
