/// What keeps the memory of a vector alive.
public protocol MemoryOwner: AnyObject, Sendable {
    /// Tells the system that a stretch of the memory will not be read again soon.
    ///
    /// Its content does not change: a file's pages leave the process and are read again where they are needed.
    func release(_ bytes: UnsafeRawBufferPointer)
}

extension MemoryOwner {
    /// Memory that cannot be had again stays.
    public func release(_ bytes: UnsafeRawBufferPointer) {}
}
