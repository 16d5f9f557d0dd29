import type { Value } from '../database/value.ts';
import type { EntityTable } from './entities.ts';

/** What a document says it is, so that no other JSON is taken for one. */
export const FORMAT = 'mcpgw-configuration';
/** Raised when a document of before could be misread. */
export const FORMAT_VERSION = 1;

/**
 * A configuration as `mcpgw export` writes it and `mcpgw import` reads it. Keys of every object stand in the order
 * of the alphabet, but for those of the document and its header; rows by name, then id, both by code points.
 */
export interface Document {
  readonly format: typeof FORMAT;
  readonly version: typeof FORMAT_VERSION;
  /** ISO 8601, UTC. With `source.host` all that differs between two exports of the same rows. */
  readonly exportedAt: string;
  readonly tool: { readonly name: 'mcpgw'; readonly version: string };
  readonly source: {
    readonly release: '0.6.0' | '0.7.0';
    readonly revision: string;
    readonly dialect: 'sqlite' | 'postgresql' | 'mysql';
    readonly host: string;
  };
  readonly secrets: {
    readonly mode: 'keep' | 'omit' | 'rekey' | 'plain';
    /** What tells AUTH_ENCRYPTION_SECRETs apart (`keyCheck` of src/ciphers/); null where nothing is encrypted. */
    readonly keyCheck: string | null;
  };
  /** The options it was selected by; null where it has everything. What it lacks may be there all the same. */
  readonly selection: readonly string[] | null;
  /** Rows in each list. */
  readonly counts: Readonly<Record<string, number>>;
  /** With `--with-teams`: rows of `email_users`, `email_teams` … under their table names. */
  readonly accounts?: Readonly<Record<string, readonly Row[]>>;
  readonly entities: Readonly<Partial<Record<EntityTable, readonly Entity[]>>>;
}

/** A row by column, its values as `RowValues` gives them. */
export type Row = Readonly<Record<string, Value>>;

/**
 * A row of an entity. Of v0.7.0 it has `team` in place of `team_id`, and a server a list for each table that it is
 * associated with (`tools`, `resources`, `prompts`, `a2a_agents`): its `Reference`s.
 */
export type Entity = Row;

/** The other end of an association, or the team of a row. */
export type Reference = {
  readonly id: string | number;
  /** Its name, or URI: for people, and for where the id is not known. */
  readonly name: string;
};

/** `owner` for a personal team, whose slug may differ elsewhere. */
export type TeamReference = { readonly slug: string; readonly owner?: string };
