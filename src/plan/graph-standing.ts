/** Colours the steps of a drawn run by how they stand. */
import type { Standing } from '../model/standing.ts';

/** What stands before the name, for who sees no colours, with the colours, which leave the line around it to what the step may do. */
const LOOKS: Readonly<Record<Standing, readonly [sign: string, style: string]>> = {
  succeeded: ['✔', 'fill:#dafbe1,color:#0a3316'],
  failed: ['✖', 'fill:#ffebe9,color:#4c0d12'],
  parked: ['⏸', 'fill:#fff8c5,color:#3b2300'],
  running: ['▸', 'fill:#ddf4ff,color:#0a3069'],
  interrupted: ['▪', 'fill:#fff1e5,color:#471700'],
  canceled: ['■', 'fill:#eaeef2,color:#24292f'],
  skipped: ['–', 'fill:#f6f8fa,color:#57606a'],
  blocked: ['–', 'fill:#f6f8fa,color:#57606a'],
};

/** Those that were drawn, by how they stand. */
export interface Standings {
  /** Gives what its label begins with. */
  add(name: string, standing: Standing | undefined): string;
  /** The lines of Mermaid that colour them; none where nothing was added. */
  lines(): readonly string[];
}

/** Starts with none. */
export function standings(): Standings {
  const drawn = new Map<Standing, string[]>();
  return {
    add: (name, standing) => {
      if (standing === undefined) return '';
      drawn.set(standing, [...(drawn.get(standing) ?? []), name]);
      return `${LOOKS[standing][0]} `;
    },
    lines: () =>
      [...drawn].flatMap(([standing, names]) => [
        `  classDef ${standing} ${LOOKS[standing][1]}`,
        `  class ${names.join(',')} ${standing}`,
      ]),
  };
}
