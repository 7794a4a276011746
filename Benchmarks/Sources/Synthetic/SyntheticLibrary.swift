internal import AdapterFormats
internal import ErrorModel
internal import Foundation
internal import LinearAlgebra
public import SemanticGuidance

/// Descriptions' embeddings of a library of any size.
///
/// They have unit length and share a part, as the descriptions of one library do, so that searching them is like searching real ones.
public enum SyntheticLibrary {
    /// The length of an embedding.
    private static let dimension = 384

    /// An embedding of unit length.
    public static func embedding(_ number: Int) -> [Float] {
        var state = UInt64(bitPattern: Int64(number)) &* 0x9E37_79B9_7F4A_7C15
        let numbers = (0..<dimension).map { place -> Float in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let own = Float(state >> 40) / Float(1 << 24) - 0.5
            return own + (place % 3 == 0 ? 0.25 : -0.1)
        }
        let length = numbers.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return numbers.map { $0 / length }
    }

    /// Embeddings in a mapped file, as a daemon's library has them.
    ///
    /// - Parameters:
    ///   - experts: how many.
    ///   - folder: where the file is made; it may be removed as soon as this returns.
    public static func embeddings(_ experts: Int, folder: String) throws -> EmbeddingRows {
        let path = "\(folder)/embeddings-\(experts).safetensors"
        var writer = try SafetensorsWriter()
        try writer.add(
            "embeddings", shape: [experts, dimension],
            stream: .made(rows: experts, of: dimension, atOnce: 1000) { rows, target in
                for (place, expert) in rows.enumerated() {
                    let numbers = embedding(expert)
                    numbers.withUnsafeBufferPointer { numbers in
                        guard let numbers = numbers.baseAddress else { return }
                        (target + place * dimension).update(from: numbers, count: dimension)
                    }
                }
            }, as: .float32)
        guard FileManager.default.createFile(atPath: path, contents: nil),
            let handle = FileHandle(forWritingAtPath: path)
        else { throw SgloradError.storageFailure(path, "cannot be written") }
        try writer.write(to: handle.fileDescriptor, path: path)
        try handle.close()
        let file = try SafetensorsFile(path: path, displayName: path)
        guard case .single(let numbers) = try file.stream("embeddings") else {
            throw SgloradError.internal("the embeddings are not stored in single precision")
        }
        return EmbeddingRows(
            numbers, stride: dimension, dimension: dimension, places: (0..<experts).map(UInt32.init))
    }
}
