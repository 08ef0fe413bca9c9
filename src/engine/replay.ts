import { ConfigError } from "../errors.ts";
import { type CapturedEntry, captureEntry, KEYS } from "./capture.ts";
import { type CaptureReport, type Executor, findEntry, MAX_SHAPES, shapeSignature } from "./executor.ts";
import type { NativeEngine } from "./native.ts";
import type { ParameterTree } from "./parameters.ts";
import { openSession, type Session, variableNodes } from "./session.ts";
import type { Entries, HostTensor } from "./step.ts";
import { initialRows, listVariables, rowChunks, type Variable } from "./variables.ts";

/** Runs entries as captured TensorFlow graphs, all in one session over one set of variables. */
export function replayExecutor<P extends ParameterTree>(native: NativeEngine, tree: P, entries: Entries<P>): Executor {
  const variables = listVariables(tree, entries);
  const base = variableNodes(variables);
  const captured = new Map<string, CapturedEntry>();
  const shapeCounts = new Map<string, number>();
  const captures: CaptureReport[] = [];
  let session = openSession(native, base, variables);
  initialise(session, variables);

  const capture: (name: string, key: string, call: Parameters<Executor["run"]>[1]) => CapturedEntry = (
    name,
    key,
    call,
  ) => {
    const count = (shapeCounts.get(name) ?? 0) + 1;
    if (count > MAX_SHAPES) {
      throw new ConfigError(
        `program: entry "${name}" may be called with at most ${MAX_SHAPES} shapes, got another one (${shapeSignature(call.batch)}); pad batches to a few fixed lengths`,
      );
    }
    const started = performance.now();
    const entry = captureEntry(native, tree, name, findEntry(entries, name), `${name}_${count}`, call);
    const next = openSession(
      native,
      [...base, ...[...captured.values()].flatMap(({ nodes }) => nodes), ...entry.nodes],
      variables,
    );
    moveState(session, next, variables);
    session.close();
    session = next;
    captured.set(key, entry);
    shapeCounts.set(name, count);
    const shapes = shapeSignature(call.batch);
    captures.push({
      entry: name,
      shapes,
      ops: entry.opCount,
      nodes: entry.nodes.length,
      milliseconds: performance.now() - started,
    });
    return entry;
  };

  return {
    kind: "replay",
    variables,
    captures,
    run: (name, call) => {
      const key = `${name} ${shapeSignature(call.batch)}`;
      const entry = captured.get(key) ?? capture(name, key, call);
      const feeds = Object.entries(entry.feeds).map(([feed, ref]) => [ref, feedValue(feed, call)] as const);
      const training = findEntry(entries, name).kind === "train";
      if (!training) {
        const results = session.run(
          feeds,
          entry.outputs.map(({ ref }) => ref),
        );
        return Object.fromEntries(entry.outputs.map((output, i) => [output.name, results[i]!]));
      }
      const [packed] = session.run(feeds, [entry.outputs[0]!.ref]);
      return Object.fromEntries(
        entry.outputs.map((output, i) => [output.name, { data: packed!.data.slice(i, i + 1), shape: [] }]),
      );
    },
    read: (variable, from, to) => session.read(variable, from, to),
    write: (variable, from, values) => session.write(variable, from, values),
    close: () => session.close(),
  };
}

function feedValue(feed: string, { batch, scalars, keys }: Parameters<Executor["run"]>[1]): HostTensor {
  if (feed === KEYS) return { data: keys, shape: [keys.length] };
  const array = batch[feed];
  if (array !== undefined) return array;
  const scalar = scalars[feed];
  if (scalar === undefined) throw new ConfigError(`program: input "${feed}" must be given, got none`);
  return { data: Float32Array.of(scalar), shape: [] };
}

function initialise(session: Session, variables: readonly Variable[]): void {
  for (const variable of variables) {
    if (variable.initial.kind === "constant") continue;
    for (const [from, to] of rowChunks(variable)) session.write(variable, from, initialRows(variable, from, to));
  }
}

function moveState(from: Session, to: Session, variables: readonly Variable[]): void {
  for (const variable of variables) {
    for (const [first, last] of rowChunks(variable)) to.write(variable, first, from.read(variable, first, last));
  }
}
