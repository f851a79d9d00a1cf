import { readFile } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { UserError } from "../errors.ts";
import { thisProject, type Project } from "./project.ts";

const hash = z.string().regex(/^[0-9a-f]{40}$/, "40 hexadecimal digits");

const releaseSchema = z.strictObject({
  tag: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9.-]*$/),
  date: z.iso.date(),
  commit: hash.nullable(),
  tree: hash,
  package: z.string().regex(/^(@[^@/]+\/)?[^@/]+@\d\S*$/, "name@version"),
  integrity: z.string().regex(/^sha512-[A-Za-z0-9+/]+=*$/, "sha512-…"),
});

const upstreamsSchema = z.strictObject({ pin: z.string(), releases: z.array(releaseSchema).min(1) });

/**
 * A release of llama.cpp: `tag`; `date` (YYYY-MM-DD); `commit`, upstream's, null where it could not
 * be compared with upstream's history; `tree`, the hash that its source must have; `package`, the
 * npm package (name@version) with the release's git bundle; `integrity`, of that package's tarball.
 */
export type Release = z.infer<typeof releaseSchema>;

/** What patches/upstreams.json holds: the releases known, oldest first, and the tag of the pinned one. */
export type Upstreams = z.infer<typeof upstreamsSchema>;

/**
 * Reads patches/upstreams.json.
 *
 * @throws {UserError} missing, not JSON, or not of the right shape
 */
export async function upstreams(project: Project = thisProject()): Promise<Upstreams> {
  const file = path.join(project.root, "patches", "upstreams.json");
  let content: unknown;
  try {
    content = JSON.parse(await readFile(file, "utf8"));
  } catch (error) {
    throw new UserError(`${file} cannot be read: ${(error as Error).message}`);
  }
  const parsed = upstreamsSchema.safeParse(content);
  if (!parsed.success) throw new UserError(`${file}: ${z.prettifyError(parsed.error)}`);
  const tags = parsed.data.releases.map(({ tag }) => tag);
  if (new Set(tags).size !== tags.length) throw new UserError(`${file}: a tag occurs twice among ${tags.join(", ")}.`);
  if (!tags.includes(parsed.data.pin)) {
    throw new UserError(`${file}: the pin ${parsed.data.pin} is none of the releases ${tags.join(", ")}.`);
  }
  return parsed.data;
}

/**
 * The release by that tag; the pinned one by default.
 *
 * @throws {UserError} a tag that patches/upstreams.json does not know
 */
export async function release(tag?: string, project: Project = thisProject()): Promise<Release> {
  const known = await upstreams(project);
  const wanted = tag ?? known.pin;
  const found = known.releases.find((candidate) => candidate.tag === wanted);
  if (found) return found;
  const tags = known.releases.map((candidate) => candidate.tag).join(", ");
  throw new UserError(`Release ${wanted} of llama.cpp is not known. Known are ${tags} (patches/upstreams.json).`);
}
