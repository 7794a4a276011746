internal import ErrorModel

extension GGUFHeaderParser {
    /// The longest name, in bytes: ggml has room for 64, with a NUL.
    private static let maximumNameLength = 63

    /// A tensor's entry, whose place is not checked yet.
    struct Entry {
        let name: String
        let shape: [Int]
        let type: GGUFElementType
        /// The size of its data in bytes.
        let size: Int
        /// From the beginning of the data.
        let offset: UInt64
    }

    /// Reads the tensors' entries.
    mutating func entries(_ count: Int) throws(GGUFFault) -> [Entry] {
        var entries: [Entry] = []
        var names: Set<String> = []
        for index in 0..<count {
            let name = try name(
                atMost: Self.maximumNameLength, of: "tensor name", again: "tensor", among: &names,
                "the name of tensor \(index + 1) of \(count)")
            entries.append(try entry(name))
        }
        return entries
    }

    private mutating func entry(_ name: String) throws(GGUFFault) -> Entry {
        func what() -> String { "the entry of the tensor \(Quoted(name))" }
        let dimensions = try cursor.number(UInt32.self, what())
        guard (1...4).contains(dimensions) else {
            throw .invalid("has \(dimensions) dimensions in the tensor \(Quoted(name)); 1 to 4 are allowed")
        }
        var shape: [Int] = []
        var count = 1
        for _ in 0..<dimensions {
            let stated = try cursor.number(UInt64.self, what())
            let (product, overflow) =
                Int(exactly: stated).map { count.multipliedReportingOverflow(by: $0) }
                ?? (0, true)
            guard !overflow else {
                throw .invalid("has a shape whose product is too large in the tensor \(Quoted(name))")
            }
            guard product > 0 else { throw .invalid("has a dimension of 0 in the tensor \(Quoted(name))") }
            shape.append(Int(stated))
            count = product
        }
        let number = try cursor.number(UInt32.self, what())
        guard let type = GGUFElementType(number: number) else {
            throw .invalid(
                "has the unknown type \(number) in the tensor \(Quoted(name)); it may need a newer version of sglorad"
            )
        }
        guard shape[0] % type.blockCount == 0 else {
            throw .invalid(
                "has rows of \(shape[0]) elements in the tensor \(Quoted(name)), no multiple of the \(type.blockCount) in a "
                    + "block of \(type.name)")
        }
        let (size, overflow) = (count / type.blockCount).multipliedReportingOverflow(by: type.blockBytes)
        guard !overflow else {
            throw .invalid("has more bytes than can be counted in the tensor \(Quoted(name))")
        }
        return Entry(
            name: name, shape: shape, type: type, size: size, offset: try cursor.number(UInt64.self, what()))
    }

    /// The tensors at their places in the file: one after the other, each at the next multiple of the alignment, as llama.cpp
    /// demands.
    static func placed(
        _ entries: [Entry], after length: Int, alignment: Int, fileSize: Int
    ) throws(GGUFFault) -> [GGUFTensor] {
        let mask = alignment - 1
        let start = (length + mask) & ~mask
        var offset = 0
        var tensors: [GGUFTensor] = []
        tensors.reserveCapacity(entries.count)
        for entry in entries {
            guard entry.offset == UInt64(offset) else {
                throw .invalid(
                    "has the tensor \(Quoted(entry.name)) at offset \(entry.offset) of the data, expected at \(offset): "
                        + "there is a gap, an overlap or a wrong alignment")
            }
            let (end, overflow) = (start + offset).addingReportingOverflow(entry.size)
            guard !overflow, end <= fileSize else {
                throw .invalid(
                    "is cut short or damaged: the tensor \(Quoted(entry.name)) of \(entry.size) bytes begins at byte "
                        + "\(start + offset) and reaches beyond the file's \(fileSize) bytes")
            }
            tensors.append(
                GGUFTensor(
                    name: entry.name, shape: entry.shape, type: entry.type, bytes: start + offset..<end))
            offset = (end - start + mask) & ~mask
        }
        return tensors
    }
}
