internal import ErrorModel
internal import Files
internal import Foundation
internal import Glibc

/// The form of a matrix of embeddings in a file: a header of one page, and a record for each expert.
///
/// The file is made from the rows of `expert`, and can be made again at any time, so it is not flushed. Whatever a crash leaves
/// of it is found out by its token, which is that of the library's state in the database, or by the hash of each record.
///
/// Header: magic (8 bytes), dimension and number of records (4 each), token (16), digest of the text encoder (128, padded with
/// zeros), hash of all this (8). Record: the embedding (Float32), key and row number of the expert (8 each), flags (4), zeros
/// (4), hash of the record and its place (8). Numbers are little-endian.
enum EmbeddingFile {
    private static let magic: UInt64 = 0x3142_4D45_4C47_5353
    /// The bytes of the header.
    static let headerBytes = 4096
    /// The bytes of a record beyond the embedding.
    private static let tailBytes = 32
    private static let encoderBytes = 128

    /// What the header says.
    struct Header: Equatable {
        var dimension: Int
        var count: Int
        var token: Data
        var encoder: String

        /// The bytes of one record.
        var stride: Int { EmbeddingFile.stride(dimension) }
        /// The bytes of the whole file.
        var fileBytes: Int { headerBytes + count * stride }
    }

    /// What a record says beside the embedding.
    struct Mark: Equatable {
        /// A number made from the expert's digest; see ``key(of:)``.
        var key: UInt64
        /// The number of the expert's row in the table.
        var row: Int64
        var isForeign: Bool
    }

    /// The bytes of a record of embeddings of a dimension.
    static func stride(_ dimension: Int) -> Int { 4 * dimension + tailBytes }

    /// A number for an expert's digest: the first 8 bytes of its SHA-256.
    static func key(of digest: String) -> UInt64 {
        UInt64(FileDigest.sha256(digest.utf8).prefix(16), radix: 16) ?? 0
    }

    // MARK: Writing

    /// The header's bytes.
    static func encode(_ header: Header) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(headerBytes)
        append(magic, to: &bytes)
        append(UInt32(header.dimension), to: &bytes)
        append(UInt32(header.count), to: &bytes)
        bytes += header.token.prefix(16)
        bytes += header.encoder.utf8.prefix(encoderBytes)
        bytes += [UInt8](repeating: 0, count: 32 + encoderBytes - bytes.count)
        append(bytes.withUnsafeBytes { hash($0, seed: 0) }, to: &bytes)
        return bytes + [UInt8](repeating: 0, count: headerBytes - bytes.count)
    }

    /// Appends the record of an expert.
    ///
    /// - Parameters:
    ///   - embedding: little-endian Float32.
    ///   - mark: what the record says beside it.
    ///   - place: the number of records before it.
    ///   - bytes: to which it is appended.
    static func append(_ embedding: Data, _ mark: Mark, at place: Int, to bytes: inout [UInt8]) {
        let start = bytes.count
        bytes += embedding
        append(mark.key, to: &bytes)
        append(UInt64(bitPattern: mark.row), to: &bytes)
        append(UInt32(mark.isForeign ? 1 : 0), to: &bytes)
        append(UInt32(0), to: &bytes)
        let sum = bytes.withUnsafeBytes {
            hash(UnsafeRawBufferPointer(rebasing: $0[start...]), seed: UInt64(place) + 1)
        }
        append(sum, to: &bytes)
    }

    private static func append(_ value: some FixedWidthInteger, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    // MARK: Reading

    /// Reads the header of a file; nil where there is none, or it is damaged.
    ///
    /// Blocks.
    static func header(_ path: String) -> Header? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: headerBytes)
        guard pread(descriptor, &bytes, headerBytes, 0) == headerBytes else { return nil }
        return bytes.withUnsafeBytes(decode)
    }

    /// Decodes a header; nil where it is damaged.
    static func decode(_ bytes: UnsafeRawBufferPointer) -> Header? {
        let end = 32 + encoderBytes
        guard bytes.count >= headerBytes, number(bytes, 0, UInt64.self) == magic,
            number(bytes, end, UInt64.self)
                == hash(UnsafeRawBufferPointer(rebasing: bytes[..<end]), seed: 0)
        else { return nil }
        return Header(
            dimension: Int(number(bytes, 8, UInt32.self)), count: Int(number(bytes, 12, UInt32.self)),
            token: Data(bytes[16..<32]),
            encoder: String(decoding: bytes[32..<end].prefix { $0 != 0 }, as: UTF8.self))
    }

    /// What a record says beside its embedding.
    static func mark(_ record: UnsafeRawBufferPointer) -> Mark {
        let tail = record.count - tailBytes
        return Mark(
            key: number(record, tail, UInt64.self),
            row: Int64(bitPattern: number(record, tail + 8, UInt64.self)),
            isForeign: number(record, tail + 16, UInt32.self) & 1 == 1)
    }

    /// Whether a record is as it was written.
    static func isSound(_ record: UnsafeRawBufferPointer, at place: Int) -> Bool {
        let end = record.count - 8
        return number(record, end, UInt64.self)
            == hash(UnsafeRawBufferPointer(rebasing: record[..<end]), seed: UInt64(place) + 1)
    }

    private static func number<T: FixedWidthInteger>(
        _ bytes: UnsafeRawBufferPointer, _ offset: Int, _: T.Type
    ) -> T {
        T(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: T.self))
    }

    /// A hash of bytes whose number is a multiple of 4, at the speed of the memory: four sums side by side, each multiplied by an
    /// odd number and rotated, so that every bit bears on the result.
    static func hash(_ bytes: UnsafeRawBufferPointer, seed: UInt64) -> UInt64 {
        var (a, b, c, d) = (seed &+ 1, seed &+ 2, seed &+ 3, seed &+ 4)
        func mixed(_ sum: UInt64, _ word: UInt64) -> UInt64 {
            let product = (sum ^ word) &* 0x9E37_79B9_7F4A_7C15
            return product ^ (product >> 29)
        }
        func word(_ offset: Int) -> UInt64 {
            UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        }
        var offset = 0
        while offset + 32 <= bytes.count {
            a = mixed(a, word(offset))
            b = mixed(b, word(offset + 8))
            c = mixed(c, word(offset + 16))
            d = mixed(d, word(offset + 24))
            offset += 32
        }
        while offset + 8 <= bytes.count {
            a = mixed(a, word(offset))
            offset += 8
        }
        if offset < bytes.count { b = mixed(b, UInt64(number(bytes, offset, UInt32.self))) }
        return mixed(mixed(mixed(mixed(UInt64(bytes.count), a), b), c), d)
    }

    // MARK: Appending in place

    /// Adds an expert to a file that has the library's state from before it was added; nothing happens to any other file.
    ///
    /// Blocks. Where it fails, the file no longer has the library's state, and is made anew when it is needed.
    static func append(
        _ expert: ExpertRecord, row: Int64, to path: String, before: Data, after: Data
    ) {
        let descriptor = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: headerBytes)
        guard pread(descriptor, &bytes, headerBytes, 0) == headerBytes,
            var header = bytes.withUnsafeBytes(decode), header.token == before,
            header.encoder == expert.encoder, 4 * header.dimension == expert.embedding.count
        else { return }
        var record: [UInt8] = []
        let mark = Mark(key: key(of: expert.digest), row: row, isForeign: expert.isForeign)
        append(expert.embedding, mark, at: header.count, to: &record)
        guard pwrite(descriptor, record, record.count, off_t(header.fileBytes)) == record.count else {
            return
        }
        header.count += 1
        header.token = after
        let new = encode(header)
        _ = pwrite(descriptor, new, new.count, 0)
    }
}
