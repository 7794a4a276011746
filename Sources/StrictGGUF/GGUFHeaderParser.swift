internal import ErrorModel

/// Reads the parts of a header, in their order.
struct GGUFHeaderParser {
    /// The fewest bytes of a field and of a tensor's entry: a field with a one-byte key and value, a tensor of one dimension
    /// with a one-byte name.
    private static let shortestField = 14
    private static let shortestTensor = 33
    /// 64 PiB, so that no sum of places overflows.
    private static let maximumFileSize = 1 << 56

    var cursor: GGUFCursor
    let fileSize: Int
    /// How many more elements of arrays are kept: an array of bytes takes many times as much memory as in the file.
    var spareElements = 1 << 16

    private init(_ bytes: UnsafeRawBufferPointer, fileSize: Int) {
        cursor = GGUFCursor(bytes)
        self.fileSize = fileSize
    }

    static func header(
        _ bytes: UnsafeRawBufferPointer, fileSize: Int
    ) throws(GGUFFault) -> GGUFHeader {
        guard (0...maximumFileSize).contains(fileSize) else {
            throw .invalid("is said to have \(fileSize) bytes; 0 to \(maximumFileSize) are possible")
        }
        let limited = UnsafeRawBufferPointer(rebasing: bytes.prefix(GGUFHeader.maximumLength))
        var parser = GGUFHeaderParser(limited, fileSize: fileSize)
        return try parser.header()
    }

    private mutating func header() throws(GGUFFault) -> GGUFHeader {
        let magic = try cursor.number(UInt32.self, "the signature GGUF")
        guard magic == 0x4655_4747 else { throw .invalid("does not begin with GGUF, so it is no GGUF file") }
        let version = try cursor.number(UInt32.self, "the version")
        guard version & 0xFFFF != 0 else {
            throw .invalid("is a big-endian GGUF file; convert the model for little-endian machines")
        }
        guard (2...3).contains(version) else {
            throw .invalid(
                "is GGUF of version \(version); versions 2 and 3 are read. Convert the model again")
        }
        let tensorCount = try count("tensors", atMost: GGUFHeader.maximumTensorCount)
        let fieldCount = try count("metadata fields", atMost: GGUFHeader.maximumFieldCount)
        try requireRoom(for: fieldCount, Self.shortestField, "metadata fields")
        let fields = try fields(fieldCount)
        let alignment = try Self.alignment(fields)
        try requireRoom(for: tensorCount, Self.shortestTensor, "tensors")
        let entries = try entries(tensorCount)
        let length = cursor.place
        let tensors = try Self.placed(entries, after: length, alignment: alignment, fileSize: fileSize)
        return GGUFHeader(
            version: Int(version), fields: fields, tensors: tensors, length: length, alignment: alignment,
            fileSize: fileSize)
    }

    private mutating func count(_ what: String, atMost limit: Int) throws(GGUFFault) -> Int {
        let start = cursor.place
        let count = try cursor.number(UInt64.self, "the number of \(what)")
        guard count <= UInt64(limit) else {
            throw .invalid("states \(count) \(what) at byte \(start); at most \(limit) are read")
        }
        return Int(count)
    }

    /// Reads a name that no other of its kind has: not empty, and without control characters.
    ///
    /// - Parameters:
    ///   - limit: the most bytes.
    ///   - kind: what an invalid one is called in messages.
    ///   - again: what has it twice is called so.
    ///   - names: those that were read before; it becomes one of them.
    ///   - what: which one it is, for messages.
    mutating func name(
        atMost limit: Int, of kind: String, again: String, among names: inout Set<String>,
        _ what: @autoclosure () -> String
    ) throws(GGUFFault) -> String {
        let start = cursor.place
        let name = try cursor.text(atMost: limit, what())
        guard !name.isEmpty, !name.holdsControlCharacter else {
            throw .invalid("has the invalid \(kind) \(Quoted(name)) at byte \(start)")
        }
        guard names.insert(name).inserted else {
            throw .invalid("has the \(again) \(Quoted(name)) twice, again at byte \(start)")
        }
        return name
    }

    /// Refuses a count that the rest of the file cannot hold.
    private func requireRoom(for count: Int, _ size: Int, _ what: String) throws(GGUFFault) {
        guard count * size <= max(0, fileSize - cursor.place) else {
            throw .invalid(
                "states \(count) \(what), but only \(max(0, fileSize - cursor.place)) bytes follow at byte "
                    + "\(cursor.place); it is cut short or damaged")
        }
    }
}
