/** Lines that say what has been reached and when, counted from the start of the process. */
export interface Progress {
  /** `✔ API server ready at https://127.0.0.1:6443   0.31 s` */
  done(what: string): void
  note(text: string): void
}

/** Writes to standard error, so that standard output stays free for results. */
export function terminalProgress(): Progress {
  return {
    done(what) {
      const seconds = (performance.now() / 1000).toFixed(2)
      process.stderr.write(`✔ ${what.padEnd(58)} ${seconds.padStart(6)} s\n`)
    },
    note(text) {
      process.stderr.write(`${text}\n`)
    },
  }
}
