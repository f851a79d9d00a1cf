import { which } from "./which.ts";

/** Names of what is installed, by package manager. */
export type Packages = Readonly<Partial<Record<"apt-get" | "dnf" | "pacman" | "apk" | "brew", string>>>;

const verbs = { "apt-get": "apt-get install", dnf: "dnf install", pacman: "pacman -S", apk: "apk add", brew: "brew install" } as const;

/**
 * The command that installs something with the package manager that there is.
 *
 * @param otherwise what is said where there is none, or where it has no such package
 */
export function installCommand(packages: Packages, otherwise: string): string {
  const manager = (Object.keys(verbs) as (keyof typeof verbs)[]).find((name) => which(name));
  const name = manager && packages[manager];
  if (!name) return otherwise;
  return `${manager === "brew" || process.getuid?.() === 0 ? "" : "sudo "}${verbs[manager]} ${name}`;
}
