/** kafkajs supports gzip only. Registers the other compressions with functions of platformatic. */
import { compressionsAlgorithms } from '@platformatic/kafka'
import kafkajs from 'kafkajs'

const { CompressionCodecs, CompressionTypes } = kafkajs

const types = {
  snappy: CompressionTypes.Snappy,
  lz4: CompressionTypes.LZ4,
  zstd: CompressionTypes.ZSTD,
} as const

export const registerCodecs = (): void => {
  for (const [name, type] of Object.entries(types)) {
    const { compressSync, decompressSync } = compressionsAlgorithms[name as keyof typeof types]
    CompressionCodecs[type] = () => ({
      compress: async ({ buffer }: { buffer: Buffer }) => compressSync(buffer),
      decompress: async (buffer: Buffer) => decompressSync(buffer),
    })
  }
}
