/** Holds the words of the diagnostics about YAML itself. */

export const YAML_CODES = {};
