import { installCommand as commandOf, type Packages } from "../process/install.ts";

function everywhere(name: string): Packages {
  return { "apt-get": name, dnf: name, pacman: name, apk: name, brew: name };
}

/** Names of what is installed, where they differ between package managers. */
const packages = {
  compiler: { ...everywhere("compiler"), "apt-get": "build-essential", dnf: "gcc gcc-c++", pacman: "base-devel", apk: "build-base" },
  cmake: everywhere("cmake"),
  make: everywhere("make"),
  git: everywhere("git"),
  ccache: everywhere("ccache"),
  xz: { ...everywhere("xz"), "apt-get": "xz-utils" },
} as const satisfies Record<string, Packages>;

/** The command that installs something with the package manager that there is. */
export function installCommand(what: keyof typeof packages): string {
  if (process.platform === "darwin" && (what === "compiler" || what === "make" || what === "git")) return "xcode-select --install";
  return commandOf(packages[what], `install ${what}`);
}
