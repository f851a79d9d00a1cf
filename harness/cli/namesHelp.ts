/** What options that take a file take besides. */
export const namesHelp = `
A file is a path, https://…, or hf:owner/repo/file[@revision], with #sha256=HEX behind it where its content is known. Of a
split model it is the first part. What lies elsewhere is kept in the cache folder; for gated models put a token into HF_TOKEN.`;
