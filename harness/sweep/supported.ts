import type { Build } from "../build/build.ts";
import { UserError } from "../errors.ts";
import type { Cell, Study } from "../study/types.ts";
import type { Feature } from "../upstream/releases.ts";

const needs: { feature: Feature; needed(cell: Cell, study: Study): boolean; says: string; way: string }[] = [
  {
    feature: "kl-divergence",
    needed: (_cell, study) => study.kl_divergence === true,
    says: "prints no KL divergence statistics that can be read",
    way: "take kl_divergence out of a copy of the study",
  },
  { feature: "packed", needed: ({ container }) => container === "packed", says: "has no packed container", way: "leave the cell out with --only" },
  { feature: "moments", needed: ({ feedback }) => feedback !== undefined, says: "collects no second moments, which error feedback goes by", way: "leave the cell out with --only" },
  {
    feature: "imatrix",
    needed: ({ fit }) => fit?.weights === "imatrix",
    says: "writes no importance matrix that a table can be fitted with",
    way: "leave the cell out with --only",
  },
];

/**
 * Refuses cells that need what the release cannot do, before anything is built or run.
 *
 * @throws UserError naming cell, release and the way out
 */
export function refuseUnsupported(release: string, supports: Build["supports"], study: Study, cells: readonly Cell[]): void {
  for (const cell of cells) {
    const need = needs.find(({ feature, needed }) => !supports(feature) && needed(cell, study));
    if (need) throw new UserError(`cell ${cell.name}: llama.cpp ${release} ${need.says}; use a newer --release, or ${need.way}`);
  }
}
