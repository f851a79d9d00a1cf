import { writeFile } from "node:fs/promises";
import path from "node:path";
import { expect } from "vitest";
import { z } from "zod";
import { keepJson, keptJson } from "../../harness/json.ts";
import { seal } from "../../harness/seal.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { faultRow } from "./row.ts";

const value = { ppl: 13.8734, chunks: [1 / 3, 2], name: "q4_0 ≈" };

faultRow("a bit flipped in sealed JSON", 200, async (_index, random) => {
  const file = path.join(await temporaryFolder(), "kept.json");
  await keepJson(file, value);
  const bytes = Buffer.from(seal(value));
  const position = Math.floor(random() * bytes.length);
  bytes[position] = (bytes[position] ?? 0) ^ (1 << Math.floor(random() * 8));
  await writeFile(file, bytes);
  expect(await keptJson(file, z.looseObject({ ppl: z.number() }))).toBeNull();
});
