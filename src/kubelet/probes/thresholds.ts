/** What a probe has said so far: the same answer so many times in a row. */
export interface Run {
  readonly success: boolean | undefined
  readonly count: number
}

export const noRun: Run = { success: undefined, count: 0 }

/** Adds one answer; `verdict` is set once it has come often enough. After kubelet v1.36 prober/worker.go doProbe. */
export function countAnswer(
  run: Run,
  success: boolean,
  thresholds: { success: number; failure: number },
): { run: Run; verdict: boolean | undefined } {
  const count = run.success === success ? run.count + 1 : 1
  const enough = count >= (success ? thresholds.success : thresholds.failure)
  return { run: { success, count }, verdict: enough ? success : undefined }
}
