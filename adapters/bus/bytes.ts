/** Equal, byte for byte. The wire form is canonical, so equal bytes are equal messages. */
export function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return Buffer.compare(left, right) === 0;
}
