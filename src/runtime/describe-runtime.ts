import type { RungReport, Runtime } from "./runtime-types.ts";

/** The runtime in one line, for a log or a banner: `native-cpu (TensorFlow 2.21.0, <device>)` and why no better. */
export function describeRuntime(runtime: Pick<Runtime, "kind" | "device" | "libraryVersion" | "reasons">): string {
  const { kind, device, libraryVersion, reasons } = runtime;
  const why = reasons.length > 0 ? `; ${reasons.join("; ")}` : "";
  return `${kind} (${libraryName(kind)} ${libraryVersion}, ${device})${why}`;
}

/** Doctor's report, one or two lines a rung. */
export function describeRungs(reports: readonly RungReport[]): string[] {
  const width = Math.max(...reports.map(({ kind }) => kind.length));
  return reports.flatMap((report) => {
    const name = report.kind.padEnd(width);
    if (report.usable)
      return [`${name}  usable      ${libraryName(report.kind)} ${report.libraryVersion}, ${report.device}`];
    const remedy = report.remedy ? [`${" ".repeat(width)}  to mend it  ${report.remedy}`] : [];
    return [`${name}  not usable  ${report.reason}`, ...remedy];
  });
}

function libraryName(kind: Runtime["kind"]): string {
  return kind.startsWith("native") ? "TensorFlow" : "tfjs";
}
