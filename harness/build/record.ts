import { copyFile, mkdir, stat } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { UserError } from "../errors.ts";
import { hashFile } from "../hash.ts";
import { keepJson, keptJson } from "../json.ts";
import { backendNames } from "../study/backendNames.ts";
import { removePartial, replaceFile } from "../writeAtomic.ts";

const recordSchema = z.strictObject({
  variant: z.enum(["upstream", "patched"]),
  release: z.string(),
  key: z.string(),
  tree: z.string(),
  libraryHash: z.string(),
  compiler: z.string(),
  cmakeFlags: z.array(z.string()),
  cpu: z.string(),
  features: z.string(),
  backend: z.enum(backendNames),
  tools: z.string().nullable(),
  binaries: z.record(z.string(), z.strictObject({ bytes: z.int(), sha256: z.string() })),
});

/** What build.json holds: what the binaries beside it were made of, and their checksums. */
export type BuildRecord = z.infer<typeof recordSchema>;

/**
 * Reads a build's record, and checks the binaries wanted against it.
 *
 * @returns undefined if there is none, it is damaged, or a wanted binary is missing or not what was built
 */
export async function readRecord(folder: string, key: string, targets: string[]): Promise<BuildRecord | undefined> {
  const record = await parseRecord(folder, key);
  if (!record) return undefined;
  const whole = await Promise.all(targets.map((target) => isWhole(path.join(folder, target), record.binaries[target])));
  return whole.every(Boolean) ? record : undefined;
}

async function parseRecord(folder: string, key: string): Promise<BuildRecord | undefined> {
  const record = await keptJson(path.join(folder, "build.json"), recordSchema);
  return record?.key === key ? record : undefined;
}

async function isWhole(file: string, expected: { bytes: number; sha256: string } | undefined): Promise<boolean> {
  if (!expected) return false;
  const status = await stat(file).catch(() => null);
  return status !== null && status.size === expected.bytes && (status.mode & 0o111) !== 0 && (await hashFile(file)) === expected.sha256;
}

/**
 * Copies binaries into a build's folder, then writes its record, last and at once. Binaries recorded
 * before stay.
 *
 * @param from folder that CMake put them in
 * @throws {UserError} a target that made no program by its name
 */
export async function storeBuild(folder: string, from: string, record: Omit<BuildRecord, "binaries">, targets: string[]): Promise<BuildRecord> {
  await mkdir(folder, { recursive: true });
  await removePartial(folder);
  const binaries = { ...(await parseRecord(folder, record.key))?.binaries };
  for (const target of targets) {
    const file = path.join(folder, target);
    await replaceFile(file, async (partial) => {
      await copyFile(path.join(from, target), partial).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== "ENOENT") throw error;
        throw new UserError(`The build of ${record.release} has a target ${target}, but it makes no program by that name.`);
      });
      binaries[target] = { bytes: (await stat(partial)).size, sha256: await hashFile(partial) };
    });
  }
  const complete = { ...record, binaries };
  await keepJson(path.join(folder, "build.json"), complete);
  return complete;
}
