public import ErrorModel
internal import Glibc
internal import LinearAlgebra

extension SafetensorsWriter {
    /// The whole file, in memory.
    ///
    /// - Throws: `internal` if the header would exceed the format's limit.
    public func bytes() throws(SgloradError) -> [UInt8] {
        let entries = entries
        var result = try head(of: entries)
        result.reserveCapacity(entries.reduce(result.count) { $0 + $1.count * $1.type.width })
        for entry in entries {
            try Self.encode(entry) { (part) throws(SgloradError) in result.append(contentsOf: part) }
        }
        return result
    }

    /// Writes the file to an open descriptor at its current position, converting at most 256 KiB of elements
    /// at a time.
    ///
    /// - Parameters:
    ///   - descriptor: open for writing, in blocking mode; it is neither closed nor synchronised.
    ///   - path: the file's name in error messages.
    /// - Throws: `storageFailure` with the system's reason, leaving a partial file; `internal` if the header
    ///   would exceed the format's limit.
    public func write(to descriptor: CInt, path: String) throws(SgloradError) {
        let entries = entries
        let output = DescriptorOutput(descriptor: descriptor, path: path)
        try head(of: entries).withUnsafeBufferPointer { (part) throws(SgloradError) in
            try output.write(UnsafeRawBufferPointer(part))
        }
        for entry in entries {
            try Self.encode(entry) { (part) throws(SgloradError) in try output.write(part) }
        }
    }

    /// Passes a tensor's stored bytes to `body`, in order, in chunks.
    private static func encode(
        _ entry: Entry, _ body: (UnsafeRawBufferPointer) throws(SgloradError) -> Void
    ) throws(SgloradError) {
        for part in entry.parts {
            try part.forEachStored(as: entry.type, body)
        }
    }
}

/// Writes buffers completely to an open file, whatever share the system takes at a time.
struct DescriptorOutput {
    let descriptor: CInt
    /// The file's name in error messages.
    let path: String

    func write(_ bytes: UnsafeRawBufferPointer) throws(SgloradError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let part = UnsafeRawBufferPointer(rebasing: rest)
            // Linux writes at most 2 GiB at a time; smaller writes react to signals sooner.
            let written = Glibc.write(descriptor, part.baseAddress, min(part.count, 1 << 24))
            if written > 0 {
                rest = rest.dropFirst(written)
            } else if written == 0 {
                throw .storageFailure(path, "cannot be written: the system accepted no bytes")
            } else if errno != EINTR {
                throw .storageFailure(path, "cannot be written: \(errorText(errno))")
            }
        }
    }
}
