internal import ErrorModel

/// The word pieces of a vocabulary, hashed; in a `vocab.txt`, a piece's id is its line number, from 0.
///
/// An open-addressing hash table over the file's own bytes: one allocation for 30,000 pieces. The hash of a
/// prefix extends that of the shorter prefix, so finding the longest piece takes one pass over a word.
struct WordPieceVocabulary: Sendable {
    private let bytes: [UInt8]
    private let pieces: [Range<Int>]
    /// Piece ids by hash, with linear probing; -1 marks an empty slot.
    ///
    /// The number of slots is a power of two, and at most half are taken.
    private let slots: [Int32]

    /// The largest supported vocabulary.
    static let maximumCount = 1 << 22

    /// The number of ids, the highest and one.
    var count: Int { pieces.count }

    /// Reads the contents of a `vocab.txt`: one piece per line, in UTF-8, ended by LF or CR LF.
    ///
    /// - Throws: `invalidModel` that names `file` if there are no pieces or too many.
    init(_ bytes: [UInt8], file: String) throws(SgloradError) {
        var pieces: [Range<Int>] = []
        var start = 0
        while start < bytes.count {
            let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
            let hasReturn = end > start && bytes[end - 1] == UInt8(ascii: "\r")
            pieces.append(start..<(hasReturn ? end - 1 : end))
            guard pieces.count <= Self.maximumCount else {
                throw .invalidModel(
                    file, "has more than \(Self.maximumCount) lines; use the model's own vocabulary")
            }
            start = end + 1
        }
        guard !pieces.isEmpty else {
            throw .invalidModel(file, "has no lines; download the model again")
        }
        self.init(bytes, pieces)
    }

    /// Creates a vocabulary from pieces and their ids, which may leave some out.
    ///
    /// - Throws: `invalidModel` that names `file` if there are no pieces, or an id is negative, too large or taken.
    init(_ entries: [(piece: String, id: Int)], file: String) throws(SgloradError) {
        guard let last = entries.map(\.id).max() else {
            throw .invalidModel(file, "has no vocabulary; download the model again")
        }
        guard last < Self.maximumCount, entries.allSatisfy({ $0.id >= 0 }) else {
            throw .invalidModel(
                file, "has ids beyond 0 to \(Self.maximumCount - 1); use the model's own vocabulary")
        }
        var bytes: [UInt8] = []
        var pieces = [Range<Int>?](repeating: nil, count: last + 1)
        for (piece, id) in entries {
            guard pieces[id] == nil else {
                throw .invalidModel(file, "has two pieces with the id \(id); download the model again")
            }
            let start = bytes.count
            bytes.append(contentsOf: piece.utf8)
            pieces[id] = start..<bytes.count
        }
        // No word equals the piece of an unused id, since none is empty.
        self.init(bytes, pieces.map { $0 ?? 0..<0 })
    }

    private init(_ bytes: [UInt8], _ pieces: [Range<Int>]) {
        var capacity = 16
        while capacity < pieces.count * 2 { capacity *= 2 }
        var slots = [Int32](repeating: -1, count: capacity)
        for (id, piece) in pieces.enumerated() {
            var hash = Self.emptyHash
            for index in piece { hash = Self.extend(hash, bytes[index]) }
            var slot = Self.slot(of: hash, capacity)
            // The later of two equal lines wins, as in the Python tokenizer.
            while slots[slot] >= 0, bytes[pieces[Int(slots[slot])]] != bytes[piece] {
                slot = (slot + 1) & (capacity - 1)
            }
            slots[slot] = Int32(id)
        }
        self.bytes = bytes
        self.pieces = pieces
        self.slots = slots
    }

    /// Whether both have the same pieces with the same ids.
    func equals(_ other: WordPieceVocabulary) -> Bool {
        count == other.count && zip(pieces, other.pieces).allSatisfy { bytes[$0] == other.bytes[$1] }
    }

    /// Calls `body` with the bytes of each piece, without "##", in the order of the ids.
    func forEachPiece(_ body: (ArraySlice<UInt8>) -> Void) {
        for piece in pieces {
            let isContinuation = piece.count > 2 && bytes[piece].starts(with: [Self.hashSign, Self.hashSign])
            body(bytes[isContinuation ? piece.dropFirst(2) : piece])
        }
    }

    /// The id of a piece as it is written in the file.
    func id(of piece: String) -> Int32? {
        let utf8 = Array(piece.utf8)
        return find(utf8[...], hash: utf8.reduce(Self.emptyHash, Self.extend), isContinuation: false)
    }

    /// Splits a word into pieces, greedily taking the longest that the vocabulary has (with "##" before all
    /// but the first).
    ///
    /// - Parameter ids: the pieces' ids are appended.
    /// - Returns: false, with `ids` unchanged, if the word cannot be split.
    func cut(_ word: WordSplitter.Word, into ids: inout [Int32]) -> Bool {
        let before = ids.count
        var first = 0
        var start = 0
        var hashes: [UInt64] = []
        while first < word.ends.count {
            var hash = start == 0 ? Self.emptyHash : Self.continuationHash
            var index = start
            hashes.removeAll(keepingCapacity: true)
            for end in word.ends[first...] {
                while index < end {
                    hash = Self.extend(hash, word.bytes[index])
                    index += 1
                }
                hashes.append(hash)
            }
            var found: Int32?
            var length = hashes.count
            while length > 0, found == nil {
                found = find(
                    word.bytes[start..<word.ends[first + length - 1]], hash: hashes[length - 1],
                    isContinuation: start > 0)
                if found == nil { length -= 1 }
            }
            guard let found else {
                ids.removeLast(ids.count - before)
                return false
            }
            ids.append(found)
            first += length
            start = word.ends[first - 1]
        }
        return true
    }

    private func find(_ piece: ArraySlice<UInt8>, hash: UInt64, isContinuation: Bool) -> Int32? {
        var slot = Self.slot(of: hash, slots.count)
        while slots[slot] >= 0 {
            var range = pieces[Int(slots[slot])]
            if !isContinuation {
                if bytes[range] == piece { return slots[slot] }
            } else if range.count == piece.count + 2, bytes[range.lowerBound] == Self.hashSign,
                bytes[range.lowerBound + 1] == Self.hashSign
            {
                range = range.lowerBound + 2..<range.upperBound
                if bytes[range] == piece { return slots[slot] }
            }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    private static let hashSign = UInt8(ascii: "#")
    private static let continuationHash = extend(extend(emptyHash, hashSign), hashSign)

    // FNV-1a, 64 bits. Source: Fowler, Noll and Vo, IETF draft-eastlake-fnv.
    private static let emptyHash: UInt64 = 0xCBF2_9CE4_8422_2325

    private static func extend(_ hash: UInt64, _ byte: UInt8) -> UInt64 {
        (hash ^ UInt64(byte)) &* 0x100_0000_01B3
    }

    private static func slot(of hash: UInt64, _ capacity: Int) -> Int {
        Int(truncatingIfNeeded: hash ^ (hash >> 32)) & (capacity - 1)
    }
}
