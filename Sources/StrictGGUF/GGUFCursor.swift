internal import ErrorModel

/// Why a header cannot be read.
enum GGUFFault: Error {
    /// What is there ends within the header; what was being read, and at which byte.
    case incomplete(what: String, at: Int)
    /// The header is wrong; a clause that continues "<file>: …".
    case invalid(String)
}

/// A place in a header, from which little-endian values are read; every read is checked against the end of what is there.
struct GGUFCursor {
    let bytes: UnsafeRawBufferPointer
    /// The offset of the next byte.
    private(set) var place = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// How many bytes are left of what is there.
    var left: Int { bytes.count - place }

    /// Reads a number.
    ///
    /// - Parameter what: what it is, for messages; evaluated only for an error.
    mutating func number<T: FixedWidthInteger>(
        _ type: T.Type, _ what: @autoclosure () -> String
    ) throws(GGUFFault) -> T {
        let width = MemoryLayout<T>.size
        guard left >= width else { throw .incomplete(what: what(), at: place) }
        let value = T(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: T.self))
        place += width
        return value
    }

    /// Passes over bytes.
    mutating func skip(_ count: Int, _ what: @autoclosure () -> String) throws(GGUFFault) {
        guard count <= left else { throw .incomplete(what: what(), at: place) }
        place += count
    }

    /// Reads a text's length and passes over the text.
    ///
    /// - Returns: where the text lies.
    mutating func stretch(
        atMost limit: Int, _ what: @autoclosure () -> String
    ) throws(GGUFFault) -> Range<Int> {
        let start = place
        let length = try number(UInt64.self, "the length of \(what())")
        guard length <= UInt64(limit) else {
            throw .invalid(
                "has \(length) bytes in \(what()) at byte \(start); at most \(limit) are allowed, so it is damaged or "
                    + "malicious")
        }
        let begin = place
        try skip(Int(length), what())
        return begin..<place
    }

    /// Reads a text.
    mutating func text(
        atMost limit: Int, _ what: @autoclosure () -> String
    ) throws(GGUFFault) -> String {
        let start = place
        let range = try stretch(atMost: limit, what())
        guard let text = String(validating: bytes[range], as: UTF8.self) else {
            throw .invalid("has \(what()) at byte \(start) that is not UTF-8")
        }
        return text
    }
}
