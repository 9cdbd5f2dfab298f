interface SharedDevice {
  readonly driver: string
  readonly pool: string
  readonly device: string
  readonly shareID?: string
}

/** `driver/pool/device`, and the share of it where several claims have one. */
export type DeviceKey = string

/** After dynamic-resource-allocation structured MakeSharedDeviceID. */
export function deviceKey({ driver, pool, device, shareID }: SharedDevice): DeviceKey {
  return [driver, pool, device, ...(shareID ? [shareID] : [])].join('/')
}

/** The key as errors quote it: Go's interned strings have no field that its encoder would write. */
export function goDeviceKey(_device: SharedDevice): unknown {
  return { Driver: {}, Pool: {}, Device: {}, ShareID: {} }
}
