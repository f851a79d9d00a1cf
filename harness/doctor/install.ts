import { which } from "../process/which.ts";

/** Names of what is installed, where they differ between package managers. */
const packages = {
  compiler: { "apt-get": "build-essential", dnf: "gcc gcc-c++", pacman: "base-devel", apk: "build-base" },
  cmake: {},
  make: { "apt-get": "make" },
  git: {},
  ccache: {},
  xz: { "apt-get": "xz-utils" },
} as const;

const verbs: Readonly<Record<string, string>> = { "apt-get": "apt-get install", dnf: "dnf install", pacman: "pacman -S", apk: "apk add", brew: "brew install" };

/** The command that installs something with the package manager that there is. */
export function installCommand(what: keyof typeof packages): string {
  const manager = ["apt-get", "dnf", "pacman", "apk", "brew"].find((name) => which(name));
  if (process.platform === "darwin" && (what === "compiler" || what === "make" || what === "git")) return "xcode-select --install";
  const name = (packages[what] as Readonly<Record<string, string>>)[manager ?? ""] ?? what;
  if (manager === undefined) return `install ${name}`;
  return `${manager === "brew" || process.getuid?.() === 0 ? "" : "sudo "}${verbs[manager]} ${name}`;
}
