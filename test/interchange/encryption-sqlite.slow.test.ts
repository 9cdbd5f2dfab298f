import { systemClock } from '../../src/platform/clock.ts'
import { silentLogger } from '../../src/platform/log.ts'
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts'
import { encryptionAtRest } from './encryption-at-rest.ts'

encryptionAtRest({
  name: 'SQLite',
  datastore: 'sqlite',
  open: (path) => openSqliteStore({ path, clock: systemClock, log: silentLogger }),
})
