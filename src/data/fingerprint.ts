import xxhash, { type XXHash, type XXHashAPI } from "xxhash-wasm";
import type { Dataset } from "./dataset.ts";

const BYTES_AT_ONCE = 2 ** 20;
let loading: Promise<XXHashAPI> | undefined;

/** The xxHash functions, loaded once. */
export function loadHash(): Promise<XXHashAPI> {
  loading ??= xxhash();
  return loading;
}

/** Adds an array's bytes to a hash, a piece at a time: the hash copies what it is given into its own memory. */
export function hashArray(state: XXHash<bigint>, array: Int32Array | Float32Array): void {
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  for (let at = 0; at < bytes.length; at += BYTES_AT_ONCE) state.update(bytes.subarray(at, at + BYTES_AT_ONCE));
}

/** xxHash64 over everything that training can see of a dataset, as 16 hexadecimal digits. */
export function fingerprintOf(
  hash: XXHashAPI,
  dataset: Omit<Dataset, "fingerprint" | "report" | "trainItems" | "numbers" | "source">,
): string {
  const state = hash.create64();
  const addText = (text: string): void => void state.update(`${text.length}:${text}`);
  const addArray = (name: string, array: Int32Array | Float32Array): void => {
    addText(`${name} ${array.length}`);
    hashArray(state, array);
  };
  addText(JSON.stringify(dataset.features));
  addText(JSON.stringify(dataset.encoding));
  for (const [name, { data }] of dataset.columns) addArray(name, data);
  for (const [name, values] of [...dataset.labels, ...dataset.teacherScores]) addArray(name, values);
  if (dataset.weight) addArray("weight", dataset.weight);
  if (dataset.group) addArray("group", dataset.group);
  for (const [part, rows] of Object.entries(dataset.parts)) addArray(part, rows as Int32Array);
  for (const { ids, rowEntity } of [dataset.users, dataset.items]) {
    addArray("entities", rowEntity);
    addText(JSON.stringify(ids));
  }
  return state.digest().toString(16).padStart(16, "0");
}
