import { describe, expect, it } from "vitest";
import { sharedStretch } from "../../harness/analysis/sharedStretch.ts";

/** Words that no two seeds share. */
function words(seed: number, count: number): string {
  return Array.from({ length: count }, (_, index) => `w${seed}x${(index * 7919) % 10007}`).join(" ");
}

const bytes = (text: string): Uint8Array => Buffer.from(text);

describe("a stretch that two texts share", () => {
  const measured = words(1, 3000);

  it("is found wherever 512 bytes of one stand in the other, also with other line breaks", () => {
    for (const start of [0, 1, 777, measured.length - 512]) {
      const leaked = measured.slice(start, start + 512).replaceAll(" ", "\r\n");
      const shared = sharedStretch(bytes(measured), bytes(`${words(2, 500)} ${leaked} ${words(3, 500)}`));
      expect(shared, String(start)).toHaveLength(256);
      expect(measured).toContain(shared);
    }
  });

  it("is none of 200 bytes, nor of texts that differ in a byte of every 100", () => {
    expect(sharedStretch(bytes(measured), bytes(`${words(2, 500)} ${measured.slice(1000, 1200)} ${words(3, 500)}`))).toBeNull();
    expect(sharedStretch(bytes(measured), bytes(measured.replace(/(.{99})./gs, "$1#")))).toBeNull();
  });

  it("is none where a text is shorter than a stretch", () => {
    expect(sharedStretch(bytes("short"), bytes(measured))).toBeNull();
    expect(sharedStretch(bytes(measured), bytes("short"))).toBeNull();
  });
});
