// The file formats of a run.
export {
  removeTemporaryFiles,
  type WriteBytes,
  writeAtomically,
  writeTextAtomically,
} from "../../files/atomic-write.ts";
export { type FileLayer, nodeFiles, type OpenFile, type OpenMode } from "../../files/file-layer.ts";
export { type EmbeddingBatch, type WriteEmbeddingsOptions, writeEmbeddings } from "./embedding-parquet.ts";
export {
  type JsonLines,
  type JsonLinesWriter,
  type JsonRecord,
  type JsonValue,
  jsonLine,
  keepJsonLines,
  openJsonLines,
  readJsonLines,
} from "./json-lines.ts";
export { DTYPES, type Dtype, type TensorArray } from "./safetensors-dtypes.ts";
export type { SafetensorsHeader, TensorEntry } from "./safetensors-header.ts";
export { openSafetensors, readSafetensors, type SafetensorsFile } from "./safetensors-read.ts";
export { type TensorSource, type WriteSafetensorsOptions, writeSafetensors } from "./safetensors-write.ts";
export { type EventWriter, type EventWriterOptions, openEventWriter } from "./tensorboard.ts";
