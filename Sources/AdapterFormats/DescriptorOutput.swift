internal import ErrorModel

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

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
