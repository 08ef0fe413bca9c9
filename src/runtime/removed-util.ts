import util from "node:util";

type OldUtil = { isNullOrUndefined?: (value: unknown) => boolean; isArray?: (value: unknown) => boolean };

/**
 * Puts back two functions of `node:util` that tfjs-node calls: Node 23 removed them, and Node 22 prints a warning when
 * they are called.
 */
export function putBackRemovedUtil(version: string = process.versions.node): void {
  if (Number.parseInt(version, 10) < 22) return;
  const old = util as OldUtil;
  old.isNullOrUndefined = (value) => value === null || value === undefined;
  old.isArray = (value) => Array.isArray(value);
}
