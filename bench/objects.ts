/** The label of one Pod in ten, by which lists select. */
export const rareLabel = { name: 'bench.kubets/rare', value: 'yes' }

export const podName = (index: number): string => `bench-pod-${index}`

export function configMap(name: string): object {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, labels: { app: 'bench' } },
    data: { 'application.properties': 'color=blue\nlanguage=en\nthreads=8\n', mode: 'production' },
  }
}

/** A Pod as Deployments of small web services make them. */
export function pod(index: number, spec: object = {}): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: podName(index),
      labels: { app: 'bench', tier: 'web', ...(index % 10 === 0 && { [rareLabel.name]: rareLabel.value }) },
      annotations: { 'bench.kubets/purpose': 'a Pod that is only there to be counted' },
    },
    spec: {
      containers: [
        {
          name: 'web',
          image: 'registry.example/web:1.2.3',
          env: [
            { name: 'MODE', value: 'production' },
            { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
          ],
          ports: [{ name: 'http', containerPort: 8080 }],
          resources: { requests: { cpu: '100m', memory: '64Mi' }, limits: { memory: '128Mi' } },
          readinessProbe: { httpGet: { path: '/healthz', port: 'http' }, periodSeconds: 5 },
        },
      ],
      ...spec,
    },
  }
}

/** A node that runs nothing: an object with room for Pods. */
export function hollowNode(name: string, labels: Readonly<Record<string, string>>): object {
  const resources = { cpu: '32', memory: '256Gi', 'ephemeral-storage': '1Ti', pods: '110' }
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux', ...labels } },
    status: { capacity: resources, allocatable: resources, conditions: [{ type: 'Ready', status: 'True' }] },
  }
}

/** A Pod that sleeps, from the image that the bench brings onto its node. */
export function sleepingPod(name: string, image: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app: 'bench' } },
    spec: {
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'sleep', image, imagePullPolicy: 'IfNotPresent', command: ['sleep', '86400'] }],
    },
  }
}
