internal import CEncoderKernels
internal import LinearAlgebra
internal import LowRank

/// The weights of linear layers, packed once for the kernels, one after the other as the forward pass reads them.
///
/// The pages of the model's file are released afterwards; only the backward pass of a training reads them again.
final class PackedWeights: @unchecked Sendable {
    // Sendable: written only in init, freed only in deinit.
    private let memory: UnsafeMutableRawPointer
    private let matrices: [EncoderWeights]

    /// Packs the weights of layers; into large pages where there are many, which saves most of the address translations of a pass.
    init(_ layers: [LinearLayer], precision: EncoderPrecision) {
        var offsets: [Int] = []
        var formats: [EncoderFormat] = []
        var total = 0
        for layer in layers {
            let format = precision.format(upTo: precision == .float16 ? Self.largest(layer.weight) : 0)
            offsets.append(total)
            formats.append(format)
            let size = EncoderKernels.packedSize(
                outputs: layer.site.outFeatures, inputs: layer.site.inFeatures, format)
            total += (size + 63) & ~63
        }
        let isLarge = total >= 2 * LargePages.size
        memory = .allocate(byteCount: max(total, 1), alignment: isLarge ? LargePages.size : 64)
        LargePages.advise(UnsafeMutableRawBufferPointer(start: memory, count: total))
        var matrices: [EncoderWeights] = []
        for ((layer, format), offset) in zip(zip(layers, formats), offsets) {
            let target = memory + offset
            layer.weight.withUnsafeBufferPointer { weight in
                guard let weight = weight.baseAddress else { return }
                matrices.append(
                    EncoderKernels.pack(
                        weight, outputs: layer.site.outFeatures, inputs: layer.site.inFeatures, format,
                        into: target))
            }
            layer.weight.release()
        }
        self.matrices = matrices
    }

    /// The largest magnitude; infinity where one is not a number.
    private static func largest(_ weight: FloatVector) -> Float {
        weight.withUnsafeBufferPointer { weight in
            var largest: Float = 0
            for value in weight where !(value.magnitude <= largest) {
                largest = value.isNaN ? .infinity : value.magnitude
            }
            return largest
        }
    }

    /// The matrix of a layer; valid as long as this object.
    func matrix(of layer: LinearLayer) -> EncoderWeights { matrices[layer.index] }

    deinit { memory.deallocate() }
}
