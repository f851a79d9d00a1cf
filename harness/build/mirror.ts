import { copyFile, mkdir, readdir, readFile, rm } from "node:fs/promises";
import path from "node:path";

/**
 * Makes a folder hold what another does. Files that are equal are not touched, others are newer afterwards
 * than anything that was made of them: so a build compiles again what differs, and nothing else.
 */
export async function mirrorFolder(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  const wanted = await readdir(from, { withFileTypes: true });
  const strangers = (await readdir(to)).filter((name) => !wanted.some((entry) => entry.name === name));
  await Promise.all(strangers.map((name) => rm(path.join(to, name), { recursive: true })));
  for (const entry of wanted) {
    const [source, target] = [path.join(from, entry.name), path.join(to, entry.name)];
    if (entry.isDirectory()) await mirrorFolder(source, target);
    else if (!(await readFile(source)).equals(await readFile(target).catch(() => Buffer.of()))) await copyFile(source, target);
  }
}
