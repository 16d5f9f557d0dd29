import * as z from 'zod';
import { documentSchema } from '../../src/configuration/import/document-schema.ts';

/** The JSON Schema of a document: what `mcpgw import` takes, which is a little more than `mcpgw export` writes. */
export function configurationSchema(): string {
  const either = z.union([documentSchema('0.7.0'), documentSchema('0.6.0')]);
  const schema = z.toJSONSchema(either, { reused: 'ref' });
  const title = 'Configuration of an MCP Gateway, as mcpgw export writes it';
  return `${JSON.stringify({ title, ...schema }, null, 2)}\n`;
}
