// The library reads FlatBuffers without looking where their vectors end, and loops as often as they say. Source: FlatBuffers
// binary format, "Tables" and "Vectors"; Apache Arrow format/File.fbs, Message.fbs and Schema.fbs.

/** What a table has by field number: inner tables, vectors of tables, and vectors of structs of so many bytes. */
interface TableShape {
  readonly tables?: Readonly<Record<number, TableShape>>;
  readonly vectors?: Readonly<Record<number, TableShape>>;
  readonly structs?: Readonly<Record<number, number>>;
}

const KEY_VALUE: TableShape = {};
const fieldVectors: Record<number, TableShape> = { 6: KEY_VALUE };
const FIELD: TableShape = { vectors: fieldVectors };
fieldVectors[5] = FIELD; // its children
const SCHEMA: TableShape = { vectors: { 1: FIELD, 2: KEY_VALUE } };
const RECORD_BATCH: TableShape = { structs: { 1: 16, 2: 16, 4: 8 } };
const DICTIONARY_BATCH: TableShape = { tables: { 1: RECORD_BATCH } };
const FOOTER: TableShape = { tables: { 1: SCHEMA }, structs: { 2: 24, 3: 24 }, vectors: { 4: KEY_VALUE } };
/** By the message's type. */
const HEADERS: readonly (TableShape | undefined)[] = [undefined, SCHEMA, DICTIONARY_BATCH, RECORD_BATCH];

/** Where a message lies that a footer names. */
export interface Block {
  readonly at: number;
  readonly metadataBytes: number;
  /** The message's type: 2 for a dictionary, 3 for a record batch. */
  readonly type: number;
}

/** Checks a footer. @returns the blocks that it names. @throws Error a vector goes over the footer's end. */
export function footerBlocks(footer: Uint8Array): readonly Block[] {
  const view = new DataView(footer.buffer, footer.byteOffset, footer.byteLength);
  const root = view.getUint32(0, true);
  checkTable(view, root, FOOTER, { left: view.byteLength });
  return [2, 3].flatMap((field) => {
    const vector = target(view, root, field);
    if (vector === undefined) return [];
    return Array.from({ length: view.getUint32(vector, true) }, (_, i) => {
      const block = vector + 4 + 24 * i;
      return { at: Number(view.getBigInt64(block, true)), metadataBytes: view.getInt32(block + 8, true), type: field };
    });
  });
}

/**
 * @param wanted - what the message must be: the library asks for another one again and again.
 * @throws Error a vector of the message goes over its end, or it is of another type.
 */
export function checkMessage(metadata: Uint8Array, wanted?: number): void {
  const view = new DataView(metadata.buffer, metadata.byteOffset, metadata.byteLength);
  const root = view.getUint32(0, true);
  const typeAt = fieldAt(view, root, 1);
  const type = typeAt === undefined ? 0 : view.getUint8(typeAt);
  if (wanted !== undefined && type !== wanted) throw new Error(`a message must be of type ${wanted}, got ${type}`);
  const shape = HEADERS[type];
  checkTable(view, root, shape === undefined ? {} : { tables: { 2: shape } }, { left: view.byteLength });
}

/** @param budget - tables that may still be looked at: tables that share parts must not be looked at for ever. */
function checkTable(view: DataView, table: number, shape: TableShape, budget: { left: number }): void {
  if (budget.left-- < 0) throw new Error("tables must not share their parts again and again");
  for (const [field, inner] of Object.entries(shape.tables ?? {})) {
    const at = target(view, table, Number(field));
    if (at !== undefined) checkTable(view, at, inner, budget);
  }
  for (const [field, bytes] of Object.entries(shape.structs ?? {})) vectorLength(view, table, Number(field), bytes);
  for (const [field, inner] of Object.entries(shape.vectors ?? {})) {
    const length = vectorLength(view, table, Number(field), 4);
    for (let i = 0; i < length; i++) {
      const at = target(view, table, Number(field))! + 4 + 4 * i;
      checkTable(view, at + view.getUint32(at, true), inner, budget);
    }
  }
}

function vectorLength(view: DataView, table: number, field: number, bytes: number): number {
  const at = target(view, table, field);
  if (at === undefined) return 0;
  const length = view.getUint32(at, true);
  if (at + 4 + length * bytes > view.byteLength)
    throw new Error(`vectors must lie in their message, got ${length} elements`);
  return length;
}

/** Where the table or vector begins that a field points to. */
function target(view: DataView, table: number, field: number): number | undefined {
  const at = fieldAt(view, table, field);
  return at === undefined ? undefined : at + view.getUint32(at, true);
}

/** Where a field lies; undefined where the table leaves it out. */
function fieldAt(view: DataView, table: number, field: number): number | undefined {
  const offsets = table - view.getInt32(table, true);
  if (4 + 2 * field >= view.getUint16(offsets, true)) return undefined;
  const offset = view.getUint16(offsets + 4 + 2 * field, true);
  return offset === 0 ? undefined : table + offset;
}
