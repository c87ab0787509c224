import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';

/** What stands around the graph of an ONNX file. The runtime does not show it, so it is read from
 * the bytes: the top level of `ModelProto` (onnx.proto3 of ONNX, fields as numbered there). */
export interface OnnxFile {
  readonly irVersion: number;
  /** Operator set versions by domain; `''` is ONNX's own. */
  readonly operatorSets: ReadonlyMap<string, number>;
  readonly metadata: ReadonlyMap<string, string>;
}

const IR_VERSION = 1;
const GRAPH = 7;
const OPERATOR_SET = 8;
const METADATA = 14;
/** Of operator sets and metadata entries together. */
const MOST_ENTRIES = 1_000;

/** Why bytes are no ONNX file, or `null` when they do not look like something else. A pickle runs
 * whatever its maker wants when it is opened: nothing here opens one. */
export function notOnnx(bytes: Uint8Array): string | null {
  if (bytes.length === 0) return 'is empty';
  const [first = 0, second = 0, third = 0, fourth = 0] = bytes;
  if (first === 0x80 && second >= 2 && second <= 5) return 'is a Python pickle, not ONNX';
  if (first === 0x50 && second === 0x4b && third <= 8 && fourth <= 8) {
    return 'is a zip archive (of PyTorch or joblib?), not ONNX';
  }
  if (first === 0x1f && second === 0x8b) return 'is gzip data, not ONNX: unpack it first';
  if (first === 0x78 && [0x01, 0x5e, 0x9c, 0xda].includes(second)) {
    return 'is compressed data (of joblib?), not ONNX';
  }
  return null;
}

/** Reads what stands around the graph. Throws an `Error` when the bytes are no whole `ModelProto`
 * with a graph: a file cut anywhere ends inside its graph or lacks what follows it. */
export function readOnnxFile(bytes: Uint8Array): OnnxFile {
  const reader = new BinaryReader(bytes);
  const operatorSets = new Map<string, number>();
  const metadata = new Map<string, string>();
  let irVersion = 0;
  let graphs = 0;
  while (reader.pos < reader.len) {
    const [field, wire] = reader.tag();
    if (field === IR_VERSION && wire === WireType.Varint) irVersion = Number(reader.int64());
    else if (field === OPERATOR_SET && wire === WireType.LengthDelimited) {
      const { text, number } = readEntry(reader.bytes());
      operatorSets.set(text[1] ?? '', number);
    } else if (field === METADATA && wire === WireType.LengthDelimited) {
      const { text } = readEntry(reader.bytes());
      metadata.set(text[1] ?? '', text[2] ?? '');
    } else {
      if (field === GRAPH) graphs += 1;
      reader.skip(wire, field);
    }
    if (operatorSets.size + metadata.size > MOST_ENTRIES) throw new Error('too many entries');
  }
  if (graphs !== 1) throw new Error(`must have one graph, had ${graphs}`);
  return { irVersion, operatorSets, metadata };
}

/** `OperatorSetIdProto` (1: domain, 2: version) and `StringStringEntryProto` (1: key, 2: value). */
function readEntry(bytes: Uint8Array): { text: Record<number, string>; number: number } {
  const reader = new BinaryReader(bytes);
  const text: Record<number, string> = {};
  let number = 0;
  while (reader.pos < reader.len) {
    const [field, wire] = reader.tag();
    if (wire === WireType.LengthDelimited && field <= 2) text[field] = reader.string();
    else if (wire === WireType.Varint && field === 2) number = Number(reader.int64());
    else reader.skip(wire, field);
  }
  return { text, number };
}
