import type { DatabaseSync } from 'node:sqlite'

/** "kube" in ASCII: tells a store from any other SQLite file. */
export const applicationId = 0x6b756265

/**
 * What brings the file from the version that equals its index to the next one; each runs in one transaction.
 * Append only: a file of any released version must open for ever. Version 0 is the empty file.
 *
 * The log: `previous_revision` is the live revision that the row replaced (0: none), so that compaction finds what is
 * superseded without an index. `checksum` covers the row, and `digest` is the sum of the checksums of all rows that
 * stood in the log when the row was written: a page that a broken disk lost or brought back is noticed at the next
 * start. Compaction, which changes the sum without writing a row, notes it in `state`.
 */
export const migrations: readonly string[] = [
  `CREATE TABLE log (
     revision INTEGER PRIMARY KEY,
     key TEXT NOT NULL,
     create_revision INTEGER NOT NULL,
     previous_revision INTEGER NOT NULL,
     deleted INTEGER NOT NULL,
     lease INTEGER NOT NULL,
     checksum INTEGER NOT NULL,
     digest INTEGER NOT NULL,
     value BLOB
   ) STRICT;
   CREATE TABLE state (
     id INTEGER PRIMARY KEY CHECK (id = 1),
     compact_revision INTEGER NOT NULL,
     floor_revision INTEGER NOT NULL,
     digest INTEGER NOT NULL,
     digest_revision INTEGER NOT NULL
   ) STRICT;
   INSERT INTO state VALUES (1, 0, 0, 0, 0);`,
]

/** The number in `PRAGMA user_version`. */
export function schemaVersion(database: DatabaseSync): number {
  return numberOf(database, 'PRAGMA user_version')
}

/** Brings an older file to the newest version, step by step. A kill in between leaves a whole version behind. */
export function migrate(database: DatabaseSync, steps: readonly string[]): void {
  for (let version = schemaVersion(database); version < steps.length; version++) {
    run(database, 'BEGIN IMMEDIATE')
    run(database, steps[version]!)
    run(database, `PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${version + 1}`)
    run(database, 'COMMIT')
  }
}

/** The first column of the first row, such as a pragma's value. */
export function numberOf(database: DatabaseSync, query: string): number {
  return Number(Object.values(database.prepare(query).get() ?? {})[0])
}

/** Runs statements whose results are of no interest. */
export function run(database: DatabaseSync, statements: string): void {
  database.exec(statements)
}
