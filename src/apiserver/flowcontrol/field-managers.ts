/** Who writes the configuration of flow control, under upstream's names: managed fields show them. */
export const configProducer = 'api-priority-and-fairness-config-producer-v1'
export const configConsumer = 'api-priority-and-fairness-config-consumer-v1'
