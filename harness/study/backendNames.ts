/** What llama.cpp can be built for: this machine's processor, any of the same level, devices, and servers on other machines. */
export const backendNames = ["native", "portable", "vulkan", "cuda", "metal", "hip", "sycl", "rpc"] as const;

/** One of {@link backendNames}. */
export type BackendName = (typeof backendNames)[number];
