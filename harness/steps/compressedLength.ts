import type { Zstd } from "@hpcc-js/wasm-zstd";

/** What the package keeps inside: `malloc` and `free` of its memory, and the C library. */
interface Inside {
  _mainModule: { dataToHeap(data: Uint8Array): Allocated; malloc(bytes: number): Allocated; free(allocated: Allocated): void };
  _zstdClass: {
    compressBound(bytes: number): number;
    compress(target: number, room: number, source: number, bytes: number, level: number): number;
    isError(result: number): boolean;
    getErrorName(result: number): string;
  };
}

interface Allocated {
  ptr: number;
  size: number;
}

/**
 * Bytes that zstd makes of some data. The package's own `compress` copies its result number by number through a list, which
 * takes several times as long as level 3 itself; here nobody reads the result.
 *
 * @throws {Error} what the library says when it cannot
 */
export function compressedLength(zstd: Zstd, data: Uint8Array, level: number): number {
  const { _mainModule: memory, _zstdClass: library } = zstd as unknown as Inside;
  const source = memory.dataToHeap(data);
  const room = library.compressBound(data.length);
  const target = memory.malloc(room);
  try {
    const result = library.compress(target.ptr, room, source.ptr, data.length, level);
    if (library.isError(result)) throw new Error(`zstd: ${library.getErrorName(result)}`);
    return result;
  } finally {
    memory.free(target);
    memory.free(source);
  }
}
