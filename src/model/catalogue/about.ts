/** Brings together what every diagnostic code means, at length. */
import { EXPRESSION_ABOUT } from './about/expression.ts';
import { IGNORE_ABOUT } from './about/ignore.ts';
import { ORDER_ABOUT } from './about/order.ts';
import { SHAPE_ABOUT } from './about/shape.ts';
import { WORLD_ABOUT } from './about/world.ts';
import { YAML_ABOUT } from './about/yaml.ts';
import type { CATALOGUE } from './catalogue.ts';

type Code = keyof typeof CATALOGUE;

/** Code → paragraphs of Markdown; a test holds that none is missing. Only what prints pages and formats loads them. */
export const ABOUT: Readonly<Partial<Record<Code, string>>> = {
  ...YAML_ABOUT,
  ...SHAPE_ABOUT,
  ...EXPRESSION_ABOUT,
  ...ORDER_ABOUT,
  ...WORLD_ABOUT,
  ...IGNORE_ABOUT,
};

/** The parts of the page, in order. */
export const PARTS = {
  YAML: YAML_ABOUT,
  Shape: SHAPE_ABOUT,
  Expressions: EXPRESSION_ABOUT,
  Order: ORDER_ABOUT,
  'What is around the file': WORLD_ABOUT,
  'Comments that silence': IGNORE_ABOUT,
} as const;

/** The codes that `--fix` mends, where only one thing can have been meant. */
export const MENDED: readonly Code[] = [
  'bad-duration',
  'bad-value',
  'data-in-run',
  'fence-newline',
  'not-a-value',
  'reduce-from',
  'unknown-agent',
  'unknown-alias',
  'unknown-context',
  'unknown-engine',
  'unknown-function',
  'unknown-input',
  'unknown-key',
  'unknown-need',
  'unknown-property',
  'unknown-step',
  'unused-ignore',
  'wrong-type',
];
