import type { DoctorCheck } from '../checks/check.ts';
import type { Connection } from '../database/connection.ts';
import type { Access } from '../database/dialect.ts';
import type { GatewayError } from '../errors.ts';
import type { Schema } from '../schema/model.ts';
import type { DatabaseTarget } from '../settings/database-target.ts';
import type { EnvFile } from '../settings/env-file.ts';
import type { InspectedSettings } from '../settings/load.ts';

/** What every check may look at. */
export interface DoctorContext {
  readonly inspected: InspectedSettings;
  /** The settings file as it was read; null when there is none or it cannot be read. */
  readonly envFile: EnvFile | null;
  /** Absolute; where it is or would be. */
  readonly envFilePath: string;
  readonly envFileError: GatewayError | null;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** `--verbose`: take the time for the slow and thorough way to look. */
  readonly thorough: boolean;
  /** How many findings of a check are told. */
  readonly sampleSize: number;
  readonly now: Date;
  /** Opens a connection of its own to the database, for the time of `use`. Throws GatewayErrors. */
  connect<T>(access: Access, use: (db: Connection) => Promise<T>): Promise<T>;
}

/** For what needs to know which database is meant, but not that it opens. */
export interface TargetContext<Target extends DatabaseTarget = DatabaseTarget> extends DoctorContext {
  readonly target: Target;
}

/** For what looks into the open database, in a transaction that cannot write. */
export interface OpenContext<Target extends DatabaseTarget = DatabaseTarget> extends TargetContext<Target> {
  readonly db: Connection;
  readonly schema: Schema;
}

/** The checks that belong to one kind of database, in the order in which they are made. */
export interface TargetChecks<Target extends DatabaseTarget> {
  /** Of the file or the server: without opening the database. */
  readonly outside: readonly DoctorCheck<TargetContext<Target>>[];
  readonly inside: readonly DoctorCheck<OpenContext<Target>>[];
}
