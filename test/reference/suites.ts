import type { ReferenceApi } from './api.ts'
import { readCases, readJson } from './fixtures.ts'
import {
  type DefaultingCase,
  type ReferenceCase,
  type RunCase,
  runDefaulting,
  runManagedFields,
  runTable,
  runValidation,
  type TableCase,
  type ValidationCase,
} from './object-cases.ts'
import { isAboutVersions, runSemantics, runSequence, type SemanticsCase, type SequenceCase } from './scripted-cases.ts'

export interface Suite {
  readonly name: string
  readonly size: number
  /** Runs the cases whose key `wanted` accepts. Answers what differs, by key. */
  run(api: ReferenceApi, wanted?: (key: string) => boolean): Promise<Map<string, string | undefined>>
}

interface SuiteOptions<C> {
  readonly fixture?: string
  /** How many cases run side by side: those that mostly wait have namespaces of their own. */
  readonly width?: number
  /** Cases that would see what others do. */
  readonly isAlone?: (each: C) => boolean
}

function suite<C extends ReferenceCase>(name: string, runCase: RunCase<C>, options: SuiteOptions<C> = {}): Suite {
  const { fixture = name, width = 1, isAlone = () => true } = options
  const cases = readCases<C>(fixture)
  return {
    name,
    size: cases.length,
    async run(api, wanted = () => true) {
      const results = new Map<string, string | undefined>()
      const runAll = async (queue: Iterator<C>) => {
        for (let next = queue.next(); !next.done; next = queue.next()) {
          results.set(next.value.key, await failureOf(runCase(api, next.value)))
        }
      }
      const chosen = cases.filter(({ key }) => wanted(key))
      const besideOthers = chosen.filter((each) => !isAlone(each)).values()
      await Promise.all(Array.from({ length: width }, () => runAll(besideOthers)))
      await runAll(chosen.filter(isAlone).values())
      return results
    },
  }
}

/** A request that could not even be made is a failure of its case, not of the run. */
async function failureOf(result: Promise<string | undefined>): Promise<string | undefined> {
  try {
    return await result
  } catch (error) {
    return `no answer: ${error instanceof Error ? error.message : String(error)}`
  }
}

/** In the order to run them: what comes first needs the objects of `prepare`. */
export function suites(): Suite[] {
  return [
    suite<DefaultingCase>('defaulting', runDefaulting),
    suite<DefaultingCase>('managed-fields', runManagedFields, { fixture: 'defaulting' }),
    suite<ValidationCase>('validation', runValidation),
    suite<TableCase>('tables', runTable),
    suite<SequenceCase>('sequences', runSequence, { width: 16, isAlone: ({ serial }) => serial === true }),
    suite<SemanticsCase>('semantics', runSemantics, { width: 16, isAlone: isAboutVersions }),
  ]
}

interface SetupRequest {
  readonly method: string
  readonly path: string
  readonly body?: unknown
}

/** Creates what the defaulting and validation cases refer to. What is there already (409) is fine. */
export async function prepare(api: ReferenceApi): Promise<string[]> {
  const problems: string[] = []
  for (const file of ['setup', 'setup-updates']) {
    for (const step of readJson<SetupRequest[]>(file)) {
      const { status, bytes } = await api.send(step)
      if (status >= 400 && status !== 409) {
        problems.push(`${step.method} ${step.path}: ${status} ${bytes.toString().slice(0, 200)}`)
      }
    }
  }
  return problems
}
