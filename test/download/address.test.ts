import { expect, it } from "vitest";
import { parseAddress } from "../../harness/download/address.ts";

it.each([
  ["http://example.org/f.gguf", /is not https/],
  ["ftp://example.org/f.gguf", /is not https/],
  ["https://me:secret@example.org/f.gguf", /^https:\/\/example\.org\/f\.gguf: a name or password/],
  ["https://example.org/", /does not end in a file's name/],
  ["https://example.org/..%2f..%2fetc", /does not end in a file's name/],
  ["https://example.org/%zz", /does not end in a file's name/],
  ["hf:owner/repo", /is no name of a file; give hf:owner\/repo\/file/],
  ["https://example.org/f.gguf#sha256=12", /is no SHA-256, which has 64/],
])("%s is refused", (given, message) => {
  expect(() => parseAddress(given)).toThrow(message);
});
