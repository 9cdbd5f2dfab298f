/** What `kubectl explain` says of the fields that every object has. Words that upstream's readers look for come first. */
export const objectDescriptions: Readonly<Record<string, string>> = {
  apiVersion:
    'APIVersion defines the group and version of the schema that this object is written in. A server answers in the version it is asked for, whatever version the object is stored in.',
  kind: 'Kind is the name, in CamelCase, of what this object is. The path of a request says it already, and it cannot be changed.',
  metadata: "Standard object's metadata: its name, its labels, who owns it.",
}

/** The fields of ObjectMeta. */
export const metadataDescriptions: Readonly<Record<string, string>> = {
  annotations: 'Annotations are keys and values that tools may keep with an object. Nothing is selected by them.',
  creationTimestamp: 'CreationTimestamp is a timestamp: when the server created this object. Clients cannot set it.',
  deletionGracePeriodSeconds:
    'Number of seconds this object may take to end before it is removed. Set with deletionTimestamp, and only made shorter.',
  deletionTimestamp:
    'DeletionTimestamp is the time from which on this object is to be gone. It is set when a deletion is asked for, and the object stays until its finalizers are empty.',
  finalizers: 'Must be empty before the object is removed. Each entry names who still has something to do before.',
  generateName: 'GenerateName is what a name begins with that the server makes up, where none is given.',
  generation: 'A sequence number that counts the changes of what is wanted. The server sets it.',
  labels: 'Labels are keys and values by which objects are grouped and selected.',
  managedFields: 'ManagedFields says which client has set which fields, in which version of the object.',
  name: 'Name must be unique within a namespace among objects of one kind. It cannot be changed.',
  namespace: 'Namespace is where the name of an object is unique. Some kinds have none. It cannot be changed.',
  ownerReferences: 'The objects that this one depends on. When all of them are gone, this one is removed.',
  resourceVersion:
    'A value of the server that changes whenever the object does. Clients compare it for equality, and hand it back to be sure that nobody else has written.',
  selfLink: 'Deprecated: the server does not set it.',
  uid: 'UID tells this object from all others that ever were, also from those that had its name.',
}
