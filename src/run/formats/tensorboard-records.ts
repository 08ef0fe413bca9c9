// Events as TensorBoard reads them: the messages of tensorflow/core/util/event.proto and framework/summary.proto
// (field numbers beside each), framed as TFRecords.
import { maskedCrc32c } from "./crc32c.ts";
import { bytesField, doubleField, type Field, floatField, message, varintField } from "./protobuf.ts";

const WALL_TIME = 1;
const STEP = 2;
const FILE_VERSION = 3;
const SUMMARY = 5;
const SESSION_LOG = 7;

/** When an event happened. */
export interface EventTime {
  /** Seconds since 1970. */
  readonly wallTime: number;
  /** Training step, whole, >= 0. */
  readonly step: number;
}

/** The first event of every file. */
export function versionEvent(wallTime: number): Uint8Array {
  return message([doubleField(WALL_TIME, wallTime), bytesField(FILE_VERSION, "brain.Event:2")]);
}

/** Says that a run starts (again) at a step: TensorBoard drops what it has from that step on. */
export function startEvent(time: EventTime): Uint8Array {
  const sessionStart = varintField(1, 1); // status = START
  return event(time, bytesField(SESSION_LOG, [sessionStart]));
}

/** Scalars of one step, as float32; tags group by what stands before their first "/". */
export function scalarsEvent(time: EventTime, scalars: Readonly<Record<string, number>>): Uint8Array {
  const values = Object.entries(scalars).map(([tag, value]) =>
    bytesField(1, [bytesField(1, tag), floatField(2, value)]),
  );
  return event(time, bytesField(SUMMARY, values));
}

/** A text, shown as Markdown. */
export function textEvent(time: EventTime, tag: string, markdown: string): Uint8Array {
  const plugin = bytesField(1, [bytesField(1, "text")]);
  const metadata = bytesField(9, [plugin, varintField(4, 2)]); // data_class = TENSOR
  const tensor = bytesField(8, [varintField(1, 7), bytesField(2, []), bytesField(8, markdown)]); // a scalar of strings
  return event(time, bytesField(SUMMARY, [bytesField(1, [bytesField(1, tag), tensor, metadata])]));
}

/** An event in its TFRecord: length, masked CRC of the length, event, masked CRC of the event; little-endian. */
export function framed(event: Uint8Array): Uint8Array {
  const record = Buffer.alloc(event.byteLength + 16);
  record.writeBigUInt64LE(BigInt(event.byteLength), 0);
  record.writeUInt32LE(maskedCrc32c(record.subarray(0, 8)), 8);
  record.set(event, 12);
  record.writeUInt32LE(maskedCrc32c(event), 12 + event.byteLength);
  return record;
}

function event({ wallTime, step }: EventTime, what: Field): Uint8Array {
  return message([doubleField(WALL_TIME, wallTime), varintField(STEP, step), what]);
}
