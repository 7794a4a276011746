public import ErrorModel
internal import Glibc
internal import LinearAlgebra

extension SafetensorsWriter {
    /// The whole file in memory.
    ///
    /// - Throws: `internal` if the header would be longer than the format allows.
    public func bytes() throws(SgloradError) -> [UInt8] {
        let entries = entries
        var result = try head(of: entries)
        result.reserveCapacity(entries.reduce(result.count) { $0 + $1.count * $1.type.width })
        for entry in entries {
            try Self.encode(entry) { (part) throws(SgloradError) in result.append(contentsOf: part) }
        }
        return result
    }

    /// Writes the file to an open descriptor, from its present position on, without holding it in memory: of the numbers,
    /// at most 256 KiB are converted at a time.
    ///
    /// - Parameters:
    ///   - descriptor: open for writing, blocking; it is not closed and not synchronised.
    ///   - path: what errors call the file.
    /// - Throws: `storageFailure` with the system's reason; `internal` if the header would be longer than the format
    ///   allows. The file then holds a part only.
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

    /// Hands a tensor's stored bytes to `body`, in order, in parts.
    private static func encode(
        _ entry: Entry, _ body: (UnsafeRawBufferPointer) throws(SgloradError) -> Void
    ) throws(SgloradError) {
        for part in entry.parts {
            try part.forEachStretch { (_, values) throws(SgloradError) in
                switch entry.type {
                case .float32:
                    #if _endian(little)
                    try body(UnsafeRawBufferPointer(values))
                    #else
                    try encode(values, body) { (value) in value.bitPattern.littleEndian }
                    #endif
                case .float16:
                    try encode(values, body) { (value) in HalfPrecision.binary16(value).littleEndian }
                }
            }
        }
    }

    @inline(__always)
    private static func encode<Pattern: FixedWidthInteger>(
        _ values: UnsafeBufferPointer<Float>, _ body: (UnsafeRawBufferPointer) throws(SgloradError) -> Void,
        _ pattern: (Float) -> Pattern
    ) throws(SgloradError) {
        let part = values.map(pattern)
        try part.withUnsafeBufferPointer { (bytes) throws(SgloradError) in
            try body(UnsafeRawBufferPointer(bytes))
        }
    }
}

/// Writes all of what it is given to an open file, whatever share the system takes at a time.
struct DescriptorOutput {
    let descriptor: CInt
    /// What errors call the file.
    let path: String

    func write(_ bytes: UnsafeRawBufferPointer) throws(SgloradError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let part = UnsafeRawBufferPointer(rebasing: rest)
            // Linux takes no more than 2 GiB at a time; a smaller share keeps a signal's wait short.
            #if canImport(Glibc)
            let written = Glibc.write(descriptor, part.baseAddress, min(part.count, 1 << 24))
            #else
            let written = Musl.write(descriptor, part.baseAddress, min(part.count, 1 << 24))
            #endif
            if written > 0 {
                rest = rest.dropFirst(written)
            } else if written == 0 {
                throw .storageFailure(path, "cannot be written: the system took no bytes")
            } else if errno != EINTR {
                throw .storageFailure(path, "cannot be written: \(errorText(errno))")
            }
        }
    }
}
