internal import AdapterFormats
internal import ErrorModel
public import Foundation
public import LinearAlgebra

/// The embeddings of a base's experts at one moment, in one mapped matrix, in the order of the experts' names.
///
/// An expert takes the bytes of its embedding and 36 more; everything else about it stays in the database.
public struct LibraryEmbeddings: Sendable {
    /// Which expert a vector belongs to.
    public struct Identity: Sendable, Hashable {
        /// The number of its row.
        public let row: Int64
        /// A number made from its digest.
        public let key: UInt64
    }

    /// The content of the library: equal tokens, equal embeddings.
    public let token: Data
    /// The file that is mapped; nil where it could not be written, so that the matrix is in memory alone.
    public let path: String?
    /// The mapped file.
    public let numbers: FloatVector
    /// The distance between the starts of two vectors, in numbers.
    public let stride: Int
    /// The length of a vector.
    public let dimension: Int
    /// The place of each expert's vector: it starts at this times ``stride``, in the order of the names.
    public let places: [UInt32]

    /// How many experts.
    public var count: Int { places.count }

    /// A library without experts.
    static let empty = LibraryEmbeddings(
        token: Data(), path: nil, numbers: FloatVector([]), stride: 0, dimension: 0, places: [])

    private init(
        token: Data, path: String?, numbers: FloatVector, stride: Int, dimension: Int, places: [UInt32]
    ) {
        self.token = token
        self.path = path
        self.numbers = numbers
        self.stride = stride
        self.dimension = dimension
        self.places = places
    }

    /// Takes a file's content, in which every record is compared with its hash; blocks.
    ///
    /// - Parameters:
    ///   - file: the file, mapped or in memory.
    ///   - path: the file; nil if it is in memory alone.
    ///   - token: the library's state.
    ///   - order: the numbers of the experts' rows in the order of their names.
    /// - Returns: nil where it is not what the library's state is, or is damaged.
    init?(_ file: FloatVector, path: String?, token: Data, order: [Int64]) {
        var places: [UInt32] = []
        let header = file.withUnsafeBufferPointer { numbers -> EmbeddingFile.Header? in
            let bytes = UnsafeRawBufferPointer(numbers)
            guard let header = EmbeddingFile.decode(bytes), header.token == token,
                header.dimension > 0, bytes.count >= header.fileBytes, header.count == order.count
            else { return nil }
            var byRow: [Int64: UInt32] = Dictionary(minimumCapacity: header.count)
            for place in 0..<header.count {
                let start = EmbeddingFile.headerBytes + place * header.stride
                let record = UnsafeRawBufferPointer(rebasing: bytes[start..<start + header.stride])
                guard EmbeddingFile.isSound(record, at: place) else { return nil }
                byRow[EmbeddingFile.mark(record).row] = UInt32(place)
            }
            places = order.compactMap { byRow[$0] }
            return places.count == order.count ? header : nil
        }
        guard let header else { return nil }
        let first = EmbeddingFile.headerBytes / MemoryLayout<Float>.stride
        self.init(
            token: token, path: path, numbers: file[first..<file.count],
            stride: header.stride / MemoryLayout<Float>.stride, dimension: header.dimension, places: places)
    }

    /// Which expert has a place in the order of the names.
    public func identity(_ expert: Int) -> Identity {
        let mark = mark(expert)
        return Identity(row: mark.row, key: mark.key)
    }

    /// Whether an expert is foreign to the library's gauge.
    public func isForeign(_ expert: Int) -> Bool { mark(expert).isForeign }

    /// The number that ``Identity/key`` is for the expert of a digest.
    public static func key(of digest: String) -> UInt64 { EmbeddingFile.key(of: digest) }

    /// Whether a vector is an expert's embedding, bit for bit.
    public func holds(_ record: ExpertRecord, at expert: Int) -> Bool {
        withRecord(expert) { bytes in
            record.embedding.count == 4 * dimension
                && record.embedding.elementsEqual(bytes.prefix(4 * dimension))
        } ?? false
    }

    private func mark(_ expert: Int) -> EmbeddingFile.Mark {
        withRecord(expert) { EmbeddingFile.mark($0) }
            ?? EmbeddingFile.Mark(key: 0, row: -1, isForeign: false)
    }

    private func withRecord<R>(_ expert: Int, _ body: (UnsafeRawBufferPointer) -> R) -> R? {
        numbers.withUnsafeBufferPointer { numbers in
            let start = Int(places[expert]) * stride
            guard start + stride <= numbers.count else { return nil }
            return body(
                UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: numbers[start..<start + stride])))
        }
    }
}
