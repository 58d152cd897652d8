/** The part of SARIF 2.1.0 that is written here, closed, so that a property of another name is found. */

const text = { type: 'object', required: ['text'], properties: { text: { type: 'string', minLength: 1 } } };
const message = { ...text, additionalProperties: false };
const closed = (required: readonly string[], properties: Readonly<Record<string, unknown>>) => ({
  type: 'object',
  additionalProperties: false,
  required,
  properties,
});
const list = (items: unknown, minItems = 0) => ({ type: 'array', items, minItems });
const count = { type: 'integer', minimum: 1 };

const artifactLocation = closed(['uri'], {
  uri: { type: 'string', pattern: "^(file:///)?[A-Za-z0-9._~%!*()'/-]+$" },
});
const region = closed(['startLine', 'startColumn', 'endLine', 'endColumn'], {
  startLine: count,
  startColumn: count,
  endLine: count,
  endColumn: count,
});
const physicalLocation = closed(['artifactLocation'], { artifactLocation, region });
const level = { enum: ['none', 'note', 'warning', 'error'] };

const rule = closed(['id'], {
  id: { type: 'string' },
  shortDescription: message,
  fullDescription: message,
  help: {
    ...text,
    additionalProperties: false,
    properties: { text: { type: 'string' }, markdown: { type: 'string' } },
  },
  defaultConfiguration: closed(['level'], { level }),
});

const fix = closed(['artifactChanges'], {
  description: message,
  artifactChanges: list(
    closed(['artifactLocation', 'replacements'], {
      artifactLocation,
      replacements: list(
        closed(['deletedRegion'], {
          deletedRegion: region,
          insertedContent: closed([], { text: { type: 'string' } }),
        }),
        1,
      ),
    }),
    1,
  ),
});

const result = closed(['message'], {
  ruleId: { type: 'string' },
  ruleIndex: { type: 'integer', minimum: 0 },
  level,
  message,
  locations: list(closed([], { physicalLocation })),
  relatedLocations: list(closed([], { id: { type: 'integer', minimum: 0 }, physicalLocation, message })),
  fixes: list(fix),
});

export const SARIF = closed(['version', 'runs'], {
  $schema: { type: 'string', pattern: '^https://' },
  version: { const: '2.1.0' },
  runs: list(
    closed(['tool'], {
      tool: closed(['driver'], {
        driver: closed(['name'], {
          name: { type: 'string' },
          semanticVersion: { type: 'string' },
          rules: { ...list(rule), uniqueItems: true },
        }),
      }),
      columnKind: { enum: ['utf16CodeUnits', 'unicodeCodePoints'] },
      results: list(result),
    }),
  ),
});
