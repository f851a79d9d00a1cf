import type { RecordedDivergence } from "./evaluationRecord.ts";
import type { Column } from "./step.ts";

type Compared = { divergence: RecordedDivergence | null };

function column(name: string, unit: string, decimals: number, better: Column<Compared>["better"], says: string, of: (divergence: RecordedDivergence) => number | null): Column<Compared> {
  return { name, unit, decimals, better, says, value: ({ divergence }) => divergence && of(divergence) };
}

/** Columns of a comparison with the reference, empty in a study without one. Decimals are those that upstream prints. */
export const divergenceColumns: readonly Column<Compared>[] = [
  { ...column("kld", "nats", 6, "lower", "mean KL divergence from the model's own predictions", ({ mean }) => mean), shown: { heading: "KL divergence", terminal: 5, page: 3, error: "kld_error" } },
  column("kld_error", "nats", 6, "lower", "standard error of kld, tokens taken as independent", ({ error }) => error),
  column("kld_median", "nats", 6, "lower", "median of a token's divergence", ({ median }) => median),
  column("kld_90", "nats", 6, "lower", "90 % quantile of a token's divergence", ({ p90 }) => p90),
  column("kld_99", "nats", 6, "lower", "99 % quantile of a token's divergence", ({ p99 }) => p99),
  column("kld_999", "nats", 6, "lower", "99.9 % quantile of a token's divergence", ({ p999 }) => p999),
  column("kld_max", "nats", 6, "lower", "maximum of a token's divergence", ({ maximum }) => maximum),
  { ...column("same_top_percent", "%", 3, "higher", "how often both find the same token most probable", ({ sameTop }) => sameTop), shown: { heading: "same top token, %", page: 4 } },
  column("delta_p_rms_percent", "%", 3, "lower", "root mean square of the change of the right token's probability", ({ probabilityRms }) => probabilityRms),
  column("kld_chunk_error", "nats", 6, "lower", "standard error of the mean divergence, chunks taken as independent", ({ chunkErrors }) => chunkErrors?.mean ?? null),
  column("kld_median_error", "nats", 6, "lower", "standard error of the median, chunks taken as independent", ({ chunkErrors }) => chunkErrors?.median ?? null),
  column("kld_90_error", "nats", 6, "lower", "standard error of the 90 % quantile, chunks taken as independent", ({ chunkErrors }) => chunkErrors?.p90 ?? null),
  column("kld_95", "nats", 6, "lower", "95 % quantile of a token's divergence", ({ p95 }) => p95),
  column("kld_95_error", "nats", 6, "lower", "standard error of the 95 % quantile, chunks taken as independent", ({ chunkErrors }) => chunkErrors?.p95 ?? null),
  column("kld_99_error", "nats", 6, "lower", "standard error of the 99 % quantile, chunks taken as independent", ({ chunkErrors }) => chunkErrors?.p99 ?? null),
  column("kld_999_error", "nats", 6, "lower", "standard error of the 99.9 % quantile, chunks taken as independent", ({ chunkErrors }) => chunkErrors?.p999 ?? null),
  column("same_top_error_percent", "%", 3, "lower", "standard error of the agreement, chunks taken as independent", ({ chunkErrors }) => chunkErrors?.sameTop ?? null),
];
