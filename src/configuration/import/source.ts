import type { Document, Entity, Row } from '../document.ts';
import type { EntityTable } from '../entities.ts';

/** What an import reads, whichever of the two documents it was in. */
export interface Source {
  readonly kind: 'mcpgw' | 'gateway';
  readonly release: '0.6.0' | '0.7.0';
  readonly secrets: Document['secrets'];
  /** It has some of the rows of a type: what it lacks may well have been there. */
  readonly isPart: boolean;
  /** By table; empty where none are in it. */
  readonly accounts: Readonly<Record<string, readonly Row[]>>;
  /** Types that are in the file, with what it has of them. */
  readonly entities: Readonly<Partial<Record<EntityTable, readonly Entity[]>>>;
}
