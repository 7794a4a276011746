/// Canonical decomposition without non-spacing marks: "é" gives "e", "가" its two jamo, "ş" gives "s".
///
/// Performs the two steps "decompose" and "strip accents" of BERT's uncased tokenizer in one lookup. The
/// standard library's decomposition is not public, and follows its own version of Unicode.
enum CanonicalBases {
    /// The characters that decompose, in ascending order, with the range of each one's bases in
    /// ``Table/bases``.
    private struct Table {
        var keys: [UInt32] = []
        var starts: [Int] = [0]
        var bases: [Unicode.Scalar] = []

        init(parsing data: String) {
            var next: UInt32 = 0
            var value: UInt32?
            var isEntry = false
            for byte in data.utf8 {
                switch byte {
                case UInt8(ascii: ":"):
                    next = value ?? next
                    value = nil
                case UInt8(ascii: "+"): finishBase(&value)
                case UInt8(ascii: " "), UInt8(ascii: "\n"):
                    if isEntry { finishEntry(&next, &value) }
                    isEntry = false
                case UInt8(ascii: "-"): isEntry = true
                default:
                    let digit =
                        byte <= UInt8(ascii: "9") ? byte - UInt8(ascii: "0") : byte - UInt8(ascii: "A") + 10
                    value = (value ?? 0) << 4 | UInt32(digit)
                    isEntry = true
                }
            }
            if isEntry { finishEntry(&next, &value) }
        }

        private mutating func finishBase(_ value: inout UInt32?) {
            if let scalar = value.flatMap(Unicode.Scalar.init) { bases.append(scalar) }
            value = nil
        }

        private mutating func finishEntry(_ next: inout UInt32, _ value: inout UInt32?) {
            finishBase(&value)
            keys.append(next)
            starts.append(bases.count)
            next += 1
        }
    }

    private static let table = Table(parsing: data)

    /// Characters without a base whose marks all have a non-zero combining class, so that they do not
    /// interrupt a run of marks.
    private static let marksAlone: Set<UInt32> = [0x340, 0x341, 0x343, 0x344, 0xF73, 0xF75, 0xF81]

    enum Decomposition {
        /// The character does not decompose.
        case itself
        /// These characters, possibly surrounded by marks that were removed.
        case bases(ArraySlice<Unicode.Scalar>)
        /// Only marks that were removed; they interrupt a run of marks if the first is a starter.
        case nothing(interruptsRun: Bool)
    }

    static func decompose(_ scalar: Unicode.Scalar) -> Decomposition {
        let value = scalar.value
        if value < 0xC0 { return .itself }
        if (0xAC00...0xD7A3).contains(value) { return .bases(jamo(ofSyllable: value - 0xAC00)) }
        let keys = table.keys
        var low = 0
        var high = keys.count
        while low < high {
            let middle = (low + high) / 2
            if keys[middle] < value { low = middle + 1 } else { high = middle }
        }
        guard low < keys.count, keys[low] == value else { return .itself }
        let bases = table.bases[table.starts[low]..<table.starts[low + 1]]
        return bases.isEmpty ? .nothing(interruptsRun: !marksAlone.contains(value)) : .bases(bases)
    }

    /// The jamo of a Hangul syllable.
    ///
    /// Source: the Unicode Standard, section 3.12.
    private static func jamo(ofSyllable index: UInt32) -> ArraySlice<Unicode.Scalar> {
        let parts = [0x1100 + index / 588, 0x1161 + index % 588 / 28, 0x11A7 + index % 28]
        return parts.prefix(index % 28 == 0 ? 2 : 3).compactMap(Unicode.Scalar.init)[...]
    }
}
