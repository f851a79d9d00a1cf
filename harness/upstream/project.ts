import path from "node:path";
import { cacheFolder, projectRoot } from "../paths.ts";

/** The folders that upstream's source and the builds live in, and where the source comes from. */
export interface Project {
  /** Folder that holds `patches/` and the submodule `llama.cpp/`. */
  root: string;
  /** Folder for downloads, repositories, work trees and binaries; may be deleted at any time. */
  cache: string;
  /** Upstream's repository, asked when the registry does not answer. */
  url: string;
}

/** Says what is being done. */
export type Say = (message: string) => void;

/** This checkout, with the cache folder that the environment names. */
export function thisProject(): Project {
  return { root: projectRoot, cache: cacheFolder(), url: "https://github.com/ggml-org/llama.cpp" };
}

/** Folder for what is there only while a command runs. */
export function scratchFolder(project: Project): string {
  return path.join(project.cache, "scratch");
}

/** Path of the lock that guards what `name` stands for. */
export function lockFile(project: Project, name: string): string {
  return path.join(project.cache, "locks", `${name}.lock`);
}
