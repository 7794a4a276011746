internal import ErrorModel
internal import StrictJSON

extension SafetensorsHeader {
    /// The element types of the format, with their size in bits.
    ///
    /// Source: `Dtype` in `safetensors/src/tensor.rs`.
    private static let bits: [String: Int] = [
        "BOOL": 8, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8,
        "F8_E8M0": 8,
        "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32,
        "F32": 32, "C64": 64, "F64": 64, "I64": 64, "U64": 64,
    ]

    /// Reads one entry; `start` is the offset of the data in the file.
    static func tensor(
        _ member: JSONValue.Member, from start: Int, file: String
    ) throws(SgloradError) -> SafetensorsFile.Tensor {
        let name = member.name
        func refuse(_ reason: String) -> SgloradError {
            .invalidFile(file, "has a tensor \(Quoted(name)) \(reason)")
        }
        guard let fields = member.value.object else { throw refuse("whose entry is \(member.value.kind)") }
        var type: String?
        var shape: [Int]?
        var offsets: [Int]?
        for field in fields {
            switch field.name {
            case "dtype":
                guard let text = field.value.string else {
                    throw refuse("whose dtype is \(field.value.kind)")
                }
                type = text
            case "shape": shape = wholeNumbers(field.value)
            case "data_offsets": offsets = wholeNumbers(field.value)
            default: throw refuse("with an unknown field \(Quoted(field.name))")
            }
        }
        guard let type else { throw refuse("without a dtype") }
        guard let width = bits[type] else { throw refuse("of the unknown type \(Quoted(type))") }
        guard let shape else { throw refuse("without a shape of non-negative whole numbers") }
        guard let offsets, offsets.count == 2, offsets[0] <= offsets[1] else {
            throw refuse("without data_offsets of two ascending non-negative whole numbers")
        }
        var count = 1
        for dimension in shape {
            let (product, overflow) = count.multipliedReportingOverflow(by: dimension)
            guard !overflow else { throw refuse("with a shape whose product is too large") }
            count = product
        }
        let (size, overflow) = count.multipliedReportingOverflow(by: width)
        guard !overflow else { throw refuse("with a shape whose product is too large") }
        let length = offsets[1] - offsets[0]
        guard size % 8 == 0, size / 8 == length else {
            throw refuse("of \(count) \(type) elements in \(length) bytes, which do not match")
        }
        let (lower, lowerOverflow) = start.addingReportingOverflow(offsets[0])
        let (upper, upperOverflow) = start.addingReportingOverflow(offsets[1])
        guard !lowerOverflow, !upperOverflow else { throw refuse("with data_offsets that are too large") }
        return SafetensorsFile.Tensor(
            name: name, type: elementType(type), shape: shape, count: count, bytes: lower..<upper)
    }

    private static func elementType(_ name: String) -> SafetensorsFile.ElementType {
        switch name {
        case "F32": .float32
        case "F16": .float16
        case "BF16": .bfloat16
        default: .other(name)
        }
    }

    /// The elements of an array of non-negative whole numbers; nil for anything else.
    private static func wholeNumbers(_ value: JSONValue) -> [Int]? {
        guard let elements = value.array else { return nil }
        var result: [Int] = []
        result.reserveCapacity(elements.count)
        for element in elements {
            guard let number = element.integer, number >= 0 else { return nil }
            result.append(number)
        }
        return result
    }
}
