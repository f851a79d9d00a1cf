import { existsSync } from "node:fs";
import { simpleGit, type SimpleGit } from "simple-git";
import { UserError } from "../errors.ts";
import { stopSignal } from "../process/interrupt.ts";
import { which } from "../process/which.ts";

/** Name and address that imported commits carry as committer, so that they are the same everywhere. */
const committer = { name: "quantflex", email: "quantflex@localhost" };

/** Settings that a repository's own configuration could change the outcome with. */
const settings = [
  "core.autocrlf=false", "core.eol=lf", "core.safecrlf=false", "core.attributesFile=/dev/null", "core.excludesFile=/dev/null",
  "core.hooksPath=/dev/null", "core.fsmonitor=false", "core.quotePath=true", "core.abbrev=auto",
  "apply.whitespace=nowarn", "am.threeWay=false", "am.keepcr=true", "mailinfo.scissors=false",
  "diff.noprefix=false", "diff.mnemonicPrefix=false", "diff.context=3", "diff.interHunkContext=0",
  "diff.algorithm=myers", "diff.renames=true", "diff.indentHeuristic=true", "diff.suppressBlankEmpty=false",
  "diff.orderFile=/dev/null", "diff.submodule=short", "diff.ignoreSubmodules=none",
  "format.signOff=false", "format.thread=false", "format.useAutoBase=false",
  "format.encodeEmailHeaders=true", "format.from=false", "format.notes=false",
  "i18n.commitEncoding=UTF-8", "i18n.logOutputEncoding=UTF-8",
  "commit.gpgSign=false", "gc.auto=0", "maintenance.auto=false", "advice.detachedHead=false",
];

/** Variables of the environment that steer git: a git hook that runs us sets some of them. */
const steering = /^(git_.*|editor|visual|pager|prefix|ssh_askpass)$/i;

/** Options of {@link gitIn}. */
export interface GitOptions {
  /** Also runs when the command was interrupted, to clear up. */
  unstoppable?: boolean;
  /** Ends a command that says nothing for so many seconds. */
  silenceSeconds?: number;
  /** Leaves the user's configuration on: for commands that only fetch, it may know proxies and mirrors. */
  userConfiguration?: boolean;
  /** More environment variables, by names that git knows. */
  environment?: Record<string, string>;
}

/**
 * simple-git in a folder, with the user's and the system's configuration switched off, the
 * settings above on top of the repository's own, and a pinned committer: the same commands give the
 * same commits on every machine. A command fails by its exit code alone, and is ended by {@link stopSignal}.
 *
 * @throws {UserError} git is not installed
 */
export function gitIn(folder: string, options: GitOptions = {}): SimpleGit {
  if (!which("git")) throw new UserError("git is not on the PATH. Install it (apt-get install git, or xcode-select --install on macOS).");
  if (!existsSync(folder)) throw new UserError(`${folder} does not exist.`);
  const { silenceSeconds } = options;
  const signal = options.unstoppable ? undefined : stopSignal();
  const inherited = Object.entries(process.env).filter(([name]) => !steering.test(name));
  const environment = {
    ...(options.userConfiguration ? {} : { GIT_CONFIG_NOSYSTEM: "1", GIT_CONFIG_GLOBAL: "/dev/null" }),
    GIT_TERMINAL_PROMPT: "0",
    GIT_COMMITTER_NAME: committer.name,
    GIT_COMMITTER_EMAIL: committer.email,
    ...options.environment,
  };
  return simpleGit({
    baseDir: folder,
    config: [...settings, `safe.directory=${folder}`],
    trimmed: true,
    allowEnvironment: Object.keys(environment),
    unsafe: { allowUnsafeHooksPath: true, allowUnsafeFsMonitor: true, allowUnsafeTemplateDir: true, allowUnsafeConfigPaths: true },
    errors: (error, result) => {
      if (error || result.exitCode === 0) return error;
      return new Error(Buffer.concat([...result.stdErr, ...result.stdOut]).toString().trim() || `exit code ${result.exitCode}`);
    },
    ...(signal && { abort: signal }),
    ...(silenceSeconds && { timeout: { block: silenceSeconds * 1000 } }),
  }).env({ ...Object.fromEntries(inherited), LC_ALL: "C", ...environment });
}

/** What `git rev-parse` makes of an expression, or undefined if it knows no such object. */
export async function resolve(git: SimpleGit, expression: string): Promise<string | undefined> {
  try {
    return await git.raw(["rev-parse", "--verify", "--quiet", "--end-of-options", expression]);
  } catch {
    return undefined;
  }
}
