/** Bytes of output that a program may write in all. The most talkative of ours write a tenth of it; one that writes more is out of order. */
export const mostOutput = 1 << 26;

/** Keeps bytes that come in pieces of any size, and takes the memory that they take. */
export interface KeptBytes {
  push(bytes: Buffer): void;
  /** All of them as UTF-8. */
  text(): string;
}

/** Nothing is kept yet. */
export function keepBytes(): KeptBytes {
  let room = Buffer.alloc(1 << 12);
  let length = 0;
  return {
    push(bytes) {
      if (length + bytes.length > room.length) {
        const larger = Buffer.allocUnsafe(2 * (length + bytes.length));
        room.copy(larger, 0, 0, length);
        room = larger;
      }
      bytes.copy(room, length);
      length += bytes.length;
    },
    text: () => room.toString("utf8", 0, length),
  };
}
