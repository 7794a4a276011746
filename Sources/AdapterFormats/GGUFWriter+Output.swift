public import ErrorModel
internal import LinearAlgebra

extension GGUFWriter {
    /// How many bytes the file has.
    public var size: Int {
        let entries = entries
        return entries.reduce(head(of: entries).count) { $0 + $1.size + $1.padding }
    }

    /// The whole file, in memory.
    public func bytes() -> [UInt8] {
        let entries = entries
        var result = head(of: entries)
        result.reserveCapacity(entries.reduce(result.count) { $0 + $1.size + $1.padding })
        Self.encode(entries) { part in result.append(contentsOf: part) }
        return result
    }

    /// Writes the file to an open descriptor at its current position, converting at most 256 KiB of elements at a time.
    ///
    /// - Parameters:
    ///   - descriptor: open for writing, in blocking mode; it is neither closed nor synchronised.
    ///   - path: the file's name in error messages.
    /// - Throws: `storageFailure` with the system's reason, leaving a partial file.
    public func write(to descriptor: CInt, path: String) throws(SgloradError) {
        let entries = entries
        let output = DescriptorOutput(descriptor: descriptor, path: path)
        try head(of: entries).withUnsafeBufferPointer { (part) throws(SgloradError) in
            try output.write(UnsafeRawBufferPointer(part))
        }
        try Self.encode(entries) { (part) throws(SgloradError) in try output.write(part) }
    }

    /// Passes the stored bytes of the tensors to `body`, in order, in chunks, with the zeros between them.
    private static func encode<E: Error>(
        _ entries: [Entry], _ body: (UnsafeRawBufferPointer) throws(E) -> Void
    ) throws(E) {
        let zeros = [UInt8](repeating: 0, count: 32)
        for entry in entries {
            try FloatStream.single(entry.values).forEachStored(as: entry.type, body)
            guard entry.padding > 0 else { continue }
            try zeros.withUnsafeBufferPointer { (part) throws(E) in
                try body(UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: part[..<entry.padding])))
            }
        }
    }
}
