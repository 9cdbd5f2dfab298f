import {
  type Answer,
  AUTHORITATIVE_ANSWER,
  decode,
  encode,
  type Packet,
  RECURSION_AVAILABLE,
  RECURSION_DESIRED,
} from 'dns-packet'
import type { ClusterView } from './cluster-view.ts'
import { type DnsRecord, type Question, type Resolution, resolve, ttlSeconds } from './resolve.ts'
import type { Upstream } from './upstream.ts'
import { writeAnswer } from './write-answer.ts'

export interface Zone {
  readonly clusterDomain: string
  readonly view: ClusterView
  readonly upstream: Upstream
  /** From 0 to below 1: orders the addresses of an answer. */
  readonly random: () => number
}

type Transport = 'udp' | 'tcp'

/** What UDP may carry to a client that does not say more. */
const plainUdpBytes = 512
/** More than this is not sent in one datagram, whatever the client says it takes. */
const largestUdpBytes = 4096
/** What two bytes of length can say. */
const largestTcpBytes = 65_535
const badVersion = 16
const rcodes = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4 } as const

/** The answer to one query in wire form; `undefined` for what is no query at all. Never throws. */
export async function answerQuery(
  message: Uint8Array,
  transport: Transport,
  zone: Zone,
): Promise<Uint8Array | undefined> {
  const query = decodeQuery(message)
  if (query === 'not a query') return undefined
  if (query === 'malformed') return failure(message, 'FORMERR')
  const asked = query.questions?.[0]
  if (query.questions?.length !== 1 || !asked) return failure(message, 'FORMERR')
  if (query.opcode && query.opcode !== 'QUERY') return failure(message, 'NOTIMP')
  if ((extensionOf(query)?.ednsVersion ?? 0) !== 0) return unknownVersion(query)
  try {
    const question: Question = { name: asked.name, type: asked.type }
    const resolution = resolve(question, zone.clusterDomain, zone.view)
    if (resolution.outcome === 'forward') return await zone.upstream.forward(message, transport)
    return encodeAnswer(query, await followAlias(resolution, question, zone), transport, zone)
  } catch {
    return failure(message, 'SERVFAIL') // Nobody outside answered: the client asks its next server, or again.
  }
}

/** A name that stands for another one is answered with that one's addresses too: stub resolvers do not ask again. */
async function followAlias(resolution: OwnAnswer, question: Question, zone: Zone): Promise<OwnAnswer> {
  const [alias] = resolution.answers
  if (alias?.type !== 'CNAME' || question.type === 'CNAME') return resolution
  const target = { name: alias.data, type: question.type }
  const inside = resolve(target, zone.clusterDomain, zone.view)
  const found = inside.outcome === 'forward' ? await askOutside(target, zone.upstream) : inside.answers
  return { ...resolution, answers: [alias, ...found] }
}

type OwnAnswer = Extract<Resolution, { outcome: 'answer' }>

async function askOutside({ name, type }: Question, upstream: Upstream): Promise<readonly DnsRecord[]> {
  const query = encode({ type: 'query', id: 0, flags: RECURSION_DESIRED, questions: [{ name, type: type as 'A' }] })
  const { answers = [] } = decode(Buffer.from(await upstream.forward(query, 'udp')))
  return answers as unknown as DnsRecord[]
}

function decodeQuery(message: Uint8Array): (Packet & { opcode?: string }) | 'malformed' | 'not a query' {
  if (message.length < 12 || (message[2]! & 0x80) !== 0) return 'not a query'
  try {
    return decode(Buffer.from(message))
  } catch {
    return 'malformed'
  }
}

function encodeAnswer(query: Packet, resolution: OwnAnswer, transport: Transport, zone: Zone): Uint8Array {
  const { rcode, answers, additionals } = resolution
  const extension = extensionOf(query)
  const accepted = Math.min(largestUdpBytes, Math.max(plainUdpBytes, extension?.udpPayloadSize ?? 0))
  return writeAnswer(
    {
      id: query.id ?? 0,
      flags: AUTHORITATIVE_ANSWER | RECURSION_AVAILABLE | ((query.flags ?? 0) & RECURSION_DESIRED) | rcodes[rcode],
      question: query.questions![0]!,
      answers: inRandomOrder(answers, zone.random).map(wireRecord),
      authorities: answers.length === 0 ? [startOfAuthority(zone.clusterDomain)] : [],
      additionals: additionals.map(wireRecord),
      extension: extension && optRecord(),
    },
    transport === 'tcp' ? largestTcpBytes : accepted,
  )
}

/** Most clients take the first address: each gets its turn. Aliases stay ahead of what they lead to. After CoreDNS loadbalance. */
function inRandomOrder(answers: readonly DnsRecord[], random: () => number): DnsRecord[] {
  const aliases = answers.filter(({ type }) => type === 'CNAME')
  const others = answers.filter(({ type }) => type !== 'CNAME')
  for (let i = others.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    const moved = others[i]!
    others[i] = others[j]!
    others[j] = moved
  }
  return [...aliases, ...others]
}

function wireRecord(record: DnsRecord): Answer {
  return { ...record, class: 'IN', data: record.type === 'TXT' ? [record.data] : record.data } as Answer
}

/** The EDNS record of a query, if its client speaks EDNS. */
function extensionOf({ additionals }: Packet) {
  return additionals?.find(({ type }) => type === 'OPT') as
    | { readonly udpPayloadSize?: number; readonly ednsVersion?: number }
    | undefined
}

/** BADVERS, whose upper bits alone are not zero: the client asks again by the version that comes with it. RFC 6891. */
function unknownVersion({ id = 0, flags = 0, questions }: Packet): Uint8Array {
  return encode({
    type: 'response',
    id,
    flags: flags & RECURSION_DESIRED,
    questions: questions ?? [],
    additionals: [optRecord(badVersion >> 4)],
  })
}

function optRecord(extendedRcode = 0): Answer {
  return {
    type: 'OPT',
    name: '.',
    udpPayloadSize: largestUdpBytes,
    extendedRcode,
    ednsVersion: 0,
    flags: 0,
    flag_do: false,
    options: [],
  } as never
}

/** Says how long "there is nothing" may be believed. */
function startOfAuthority(clusterDomain: string): Answer {
  const data = {
    mname: `ns.dns.${clusterDomain}`,
    rname: `hostmaster.${clusterDomain}`,
    serial: 1,
    refresh: 7200,
    retry: 1800,
    expire: 86_400,
    minimum: ttlSeconds,
  }
  return { type: 'SOA', name: clusterDomain, class: 'IN', ttl: ttlSeconds, data }
}

/** The query's own head and question with a response code: what can be said of a query that was not understood. */
function failure(message: Uint8Array, rcode: keyof typeof rcodes): Uint8Array {
  const answer = Buffer.alloc(12)
  answer.set(message.subarray(0, 4))
  answer[2] = (answer[2]! | 0x80) & 0xfd
  answer[3] = 0x80 | rcodes[rcode]
  return answer
}
