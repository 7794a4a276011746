internal import ErrorModel

extension GGUFHeaderParser {
    /// The longest key, in bytes.
    private static let maximumKeyLength = 65_535
    private static let alignments = 8...(1 << 20)

    /// Reads the metadata fields.
    mutating func fields(_ count: Int) throws(GGUFFault) -> [GGUFField] {
        var fields: [GGUFField] = []
        var keys: Set<String> = []
        for index in 0..<count {
            let key = try name(
                atMost: Self.maximumKeyLength, of: "metadata key", again: "metadata key", among: &keys,
                "the key of metadata field \(index + 1) of \(count)")
            fields.append(try field(key))
        }
        return fields
    }

    private mutating func field(_ key: String) throws(GGUFFault) -> GGUFField {
        let type = try type("the metadata field \(Quoted(key))")
        guard type == .array else {
            return GGUFField(key: key, type: type, elementType: nil, value: try scalar(type, key))
        }
        let element = try self.type("the elements of the metadata field \(Quoted(key))")
        guard element != .array else {
            throw .invalid(
                "has an array of arrays in the metadata field \(Quoted(key)), which llama.cpp cannot read either"
            )
        }
        return GGUFField(key: key, type: type, elementType: element, value: try elements(element, key))
    }

    private mutating func type(_ what: @autoclosure () -> String) throws(GGUFFault) -> GGUFValueType {
        let start = cursor.place
        let number = try cursor.number(UInt32.self, "the type of \(what())")
        guard let type = GGUFValueType(rawValue: number) else {
            throw .invalid("has the unknown type \(number) in \(what()) at byte \(start)")
        }
        return type
    }

    private mutating func elements(_ type: GGUFValueType, _ key: String) throws(GGUFFault) -> GGUFValue {
        let start = cursor.place
        let stated = try cursor.number(UInt64.self, "the length of the array \(Quoted(key))")
        let least = UInt64(type.width ?? MemoryLayout<UInt64>.size)
        let (size, overflow) = stated.multipliedReportingOverflow(by: least)
        guard !overflow, size <= UInt64(max(0, fileSize - cursor.place)) else {
            throw .invalid(
                "states \(stated) elements in the array \(Quoted(key)) at byte \(start), more than the file has room for"
            )
        }
        let count = Int(stated)
        if let width = type.width, count > GGUFHeader.maximumListCount, type != .bool {
            try cursor.skip(count * width, "the array \(Quoted(key))")
            return .omitted(count: count)
        }
        if type == .string {
            for _ in 0..<count {
                _ = try cursor.stretch(
                    atMost: GGUFHeader.maximumLength, "a text in the array \(Quoted(key))")
            }
            return .omitted(count: count)
        }
        let isKept = count <= min(GGUFHeader.maximumListCount, spareElements)
        if isKept { spareElements -= count }
        var values: [GGUFValue] = []
        for _ in 0..<count {
            let value = try scalar(type, key)
            if isKept { values.append(value) }
        }
        return isKept ? .list(values) : .omitted(count: count)
    }

    private mutating func scalar(_ type: GGUFValueType, _ key: String) throws(GGUFFault) -> GGUFValue {
        func what() -> String { "the value of \(Quoted(key))" }
        switch type {
        case .uint8: return .unsigned(UInt64(try cursor.number(UInt8.self, what())))
        case .uint16: return .unsigned(UInt64(try cursor.number(UInt16.self, what())))
        case .uint32: return .unsigned(UInt64(try cursor.number(UInt32.self, what())))
        case .uint64: return .unsigned(try cursor.number(UInt64.self, what()))
        case .int8: return .signed(Int64(try cursor.number(Int8.self, what())))
        case .int16: return .signed(Int64(try cursor.number(Int16.self, what())))
        case .int32: return .signed(Int64(try cursor.number(Int32.self, what())))
        case .int64: return .signed(try cursor.number(Int64.self, what()))
        case .float32:
            return .floating(Double(Float(bitPattern: try cursor.number(UInt32.self, what()))))
        case .float64: return .floating(Double(bitPattern: try cursor.number(UInt64.self, what())))
        case .bool:
            let byte = try cursor.number(UInt8.self, what())
            guard byte <= 1 else {
                throw .invalid(
                    "has \(byte) as a truth value of \(Quoted(key)) at byte \(cursor.place - 1); only 0 and 1 are allowed"
                )
            }
            return .bool(byte == 1)
        case .string: return .string(try cursor.text(atMost: GGUFHeader.maximumLength, what()))
        case .array: throw .invalid("has an array within \(Quoted(key))")
        }
    }

    /// The alignment that the metadata states, or the default.
    static func alignment(_ fields: [GGUFField]) throws(GGUFFault) -> Int {
        let key = "general.alignment"
        guard let field = fields.first(where: { $0.key == key }) else { return GGUFHeader.defaultAlignment }
        guard field.type == .uint32, let alignment = field.value.integer else {
            throw .invalid("has \(field.type.name) as \(key); it must be uint32")
        }
        guard alignments.contains(alignment), alignment & (alignment - 1) == 0 else {
            throw .invalid(
                "has \(alignment) as \(key); it must be a power of two, \(alignments.lowerBound) to "
                    + "\(alignments.upperBound)")
        }
        return alignment
    }
}
