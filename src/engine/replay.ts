import { ConfigError } from "../errors.ts";
import type { Call } from "./call.ts";
import { type CapturedEntry, captureEntry, KEYS } from "./capture.ts";
import { type CaptureReport, type Executor, findEntry, MAX_SHAPES, shapeSignature } from "./executor.ts";
import type { NativeEngine } from "./native.ts";
import type { ParameterTree } from "./parameters.ts";
import { type Feeds, openSession, type Session } from "./session.ts";
import type { Entries, HostTensor } from "./step.ts";
import { variableNodes } from "./variable-nodes.ts";
import { initialRows, listVariables } from "./variables.ts";

/** Runs entries as captured TensorFlow graphs, all in one session over one set of variables. */
export function replayExecutor<P extends ParameterTree>(native: NativeEngine, tree: P, entries: Entries<P>): Executor {
  const variables = listVariables(tree, entries);
  const base = variableNodes(variables);
  const captured = new Map<string, CapturedEntry>();
  const captures: CaptureReport[] = [];
  // Opened at the first run or write: the first graph is loaded once, with its entry.
  let session: Session | undefined;

  const reload = (added: CapturedEntry | undefined): Session => {
    const nodes = [...captured.values(), ...(added ? [added] : [])].flatMap((entry) => entry.nodes);
    const next = openSession(native, [...base, ...nodes], variables);
    next.start(session?.take());
    session?.close();
    session = next;
    return next;
  };
  const capture = (name: string, call: Call): CapturedEntry => {
    const started = performance.now();
    const count = captures.filter((report) => report.entry === name).length + 1;
    const shapes = shapeSignature(call.batch);
    if (count > MAX_SHAPES) throw tooManyShapes(name, shapes);
    const entry = captureEntry(native, tree, name, findEntry(entries, name), `${name}_${count}`, call);
    reload(entry);
    captured.set(`${name} ${shapes}`, entry);
    const milliseconds = performance.now() - started;
    const { opCount: ops, bytes, nodes } = entry;
    captures.push({ entry: name, shapes, ops, nodes: nodes.length, bytes, milliseconds });
    return entry;
  };
  return {
    kind: "replay",
    variables,
    captures,
    run: (name, call) => {
      const entry = captured.get(`${name} ${shapeSignature(call.batch)}`) ?? capture(name, call);
      return runEntry(session!, entry, call);
    },
    read: (variable, from, to) => session?.read(variable, from, to) ?? initialRows(variable, from, to),
    write: (variable, from, values) => (session ?? reload(undefined)).write(variable, from, values),
    close: () => session?.close(),
  };
}

function tooManyShapes(name: string, shapes: string): ConfigError {
  return new ConfigError(
    `program: entry "${name}" may be called with at most ${MAX_SHAPES} shapes, got another one (${shapes}); ` +
      "pad batches to a few fixed lengths",
  );
}

function runEntry(session: Session, { feeds, outputs, packed }: CapturedEntry, call: Call): Record<string, HostTensor> {
  const given: Feeds = Object.entries(feeds).map(([feed, ref]) => [ref, feedValue(feed, call)]);
  if (packed === undefined) {
    const refs = outputs.map(({ ref }) => ref);
    const results = session.run(given, refs);
    return Object.fromEntries(outputs.map(({ name }, i) => [name, results[i]!]));
  }
  const [{ data }] = session.run(given, [packed]) as [HostTensor];
  return Object.fromEntries(outputs.map(({ name }, i) => [name, { data: data.slice(i, i + 1), shape: [] }]));
}

function feedValue(feed: string, { batch, scalars, keys }: Call): HostTensor {
  if (feed === KEYS) return { data: keys, shape: [keys.length] };
  const array = batch[feed];
  if (array !== undefined) return array;
  const scalar = scalars[feed];
  if (scalar === undefined) throw new ConfigError(`program: input "${feed}" must be given, got none`);
  return { data: Float32Array.of(scalar), shape: [] };
}
