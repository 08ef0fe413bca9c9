import pc from "picocolors";
import type { CascadeNotice } from "../run/cascade/execute-cascade.ts";
import type { Io } from "./io.ts";
import { stepProgress } from "./step-progress.ts";

/** Shows a cascade's training: a bar with rate and time left for each phase, and lines for what is done between. */
export function cascadeProgress(
  io: Io,
  quiet: boolean,
): { readonly show: (notice: CascadeNotice) => void; readonly stop: () => void } {
  if (quiet) return { show: () => {}, stop: () => {} };
  let phase: string | undefined;
  let bar = stepProgress(io, "cascade");
  const line = (text: string): void => {
    bar.stop();
    io.err(`${pc.dim("cascade:")} ${text}\n`);
  };
  return {
    stop: () => bar.stop(),
    show: (notice) => {
      if (notice.kind === "step") {
        if (notice.phase !== phase) {
          bar.stop();
          bar = stepProgress(io, notice.phase);
          phase = notice.phase;
        }
        bar.step({ ...notice, step: notice.state.step });
        return;
      }
      const text = describe(notice);
      if (text !== undefined) line(text);
      if (notice.kind === "phase") phase = undefined;
    },
  };
}

function describe(notice: Exclude<CascadeNotice, { kind: "step" }>): string | undefined {
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  switch (notice.kind) {
    case "data": {
      const parts = Object.entries(notice.report.parts).map(
        ([part, { rows }]) => `${rows.toLocaleString("en")} ${part}`,
      );
      return `data read in ${notice.seconds.toFixed(1)} s: ${parts.join(", ")} rows`;
    }
    case "models": {
      const models = Object.entries(notice.models).map(
        ([name, { values }]) => `${name} ${values.toLocaleString("en")} parameters`,
      );
      return `${notice.resumedFrom === undefined ? "" : `resumed after step ${notice.resumedFrom}; `}${models.join(", ")}`;
    }
    case "logged":
      return `requests of ${notice.space}: ${notice.requests.toLocaleString("en")}; left out: ${notice.unknownUsers} of users without a training row, ${notice.unknownItems} items that the data do not have`;
    case "lists": {
      const { rows, length } = notice.lists.lists;
      const changed = notice.changedShare === null ? "" : `, ${percent(notice.changedShare)} of their items new`;
      return `lists of ${notice.space}: ${rows.length.toLocaleString("en")} of ${length}, ${percent(notice.exposedShare)} exposed${changed}, in ${notice.seconds.toFixed(1)} s`;
    }
    case "stale":
      return `warning: ${notice.message}`;
    case "phase":
      return `phase ${notice.phase}${notice.round > 0 ? ` of round ${notice.round}` : ""}: ${notice.steps} steps in ${notice.seconds.toFixed(1)} s`;
    case "evaluation": {
      const values = Object.entries(notice.evaluation).flatMap(([name, metrics]) =>
        Object.entries(metrics)
          .filter(([metric]) => metric.startsWith("recall@"))
          .map(([metric, value]) => `${name}/${metric} ${value === null ? "undefined" : value.toFixed(4)}`),
      );
      return `${notice.part}${notice.best ? " (best)" : ""}: ${values.join(", ")}`;
    }
    case "end":
      return notice.reason === "done" ? undefined : "stopped: interrupted";
    default:
      return undefined;
  }
}
