/// Tombstones in memory: the identifiers of erased requests, each with the service's age at its erasure.
///
/// An identifier of the usual form, `r-` and a UUID in lower case, takes 24 bytes, so that millions of them fit.
struct TombstoneIndex: Sendable {
    /// The number in a UUID, in two halves.
    struct Number: Sendable, Hashable, Comparable {
        let high: UInt64
        let low: UInt64

        static func < (one: Number, other: Number) -> Bool {
            one.high == other.high ? one.low < other.low : one.high < other.high
        }

        /// The number of an identifier of the usual form; nil for any other.
        init?(_ id: UnsafeRawBufferPointer) {
            guard id.count == 38, id[0] == UInt8(ascii: "r"), id[1] == UInt8(ascii: "-") else { return nil }
            var (halves, digits): ((UInt64, UInt64), Int) = ((0, 0), 0)
            var place = 2
            while place < 38 {
                let byte = id[place]
                place += 1
                // The hyphens of 8-4-4-4-12.
                if place == 11 || place == 16 || place == 21 || place == 26 {
                    guard byte == UInt8(ascii: "-") else { return nil }
                    continue
                }
                let digit: UInt8
                switch byte {
                case 48...57: digit = byte &- 48
                case 97...102: digit = byte &- 87
                default: return nil
                }
                if digits < 16 {
                    halves.0 = halves.0 << 4 | UInt64(digit)
                } else {
                    halves.1 = halves.1 << 4 | UInt64(digit)
                }
                digits += 1
            }
            (high, low) = halves
        }

        /// The identifier in the usual form.
        var id: String {
            func digits(_ number: UInt64) -> String {
                let text = String(number, radix: 16)
                return String(repeating: "0", count: 16 - text.count) + text
            }
            let all = Array((digits(high) + digits(low)).utf8)
            let parts = [all[0..<8], all[8..<12], all[12..<16], all[16..<20], all[20..<32]]
            return "r-" + parts.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "-")
        }
    }

    private struct Entry {
        let number: Number
        var age: Int
    }

    private var entries: [Entry] = []
    private var isSorted = true
    /// Identifiers of any other form.
    private var others: [String: Int] = [:]

    /// How many there are.
    var count: Int { entries.count + others.count }
    /// Adds a tombstone; call `sort()` after the last.
    mutating func add(_ id: UnsafeRawBufferPointer, age: Int) {
        if let number = Number(id) {
            entries.append(Entry(number: number, age: age))
            isSorted = false
        } else {
            let name = String(decoding: id, as: UTF8.self)
            others[name] = max(age, others[name] ?? age)
        }
    }

    /// Adds a tombstone; call `sort()` after the last.
    mutating func add(_ id: String, age: Int) {
        var id = id
        id.withUTF8 { add(UnsafeRawBufferPointer($0), age: age) }
    }

    /// Sorts, and keeps the latest of several tombstones of one request.
    mutating func sort() {
        guard !isSorted else { return }
        entries.sort { $0.number == $1.number ? $0.age > $1.age : $0.number < $1.number }
        var last: Number?
        entries.removeAll { entry in
            defer { last = entry.number }
            return entry.number == last
        }
        isSorted = true
    }

    /// Whether a request was erased; the index is sorted.
    func contains(_ id: String) -> Bool {
        var id = id
        guard let number = id.withUTF8({ Number(UnsafeRawBufferPointer($0)) }) else {
            return others[id] != nil
        }
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].number < number { low = middle + 1 } else { high = middle }
        }
        return low < entries.count && entries[low].number == number
    }

    /// Removes the tombstones of an age and older, and sets ages in the future to the present.
    mutating func expire(until limit: Int, now: Int) {
        entries.removeAll { $0.age <= limit }
        for place in entries.indices where entries[place].age > now { entries[place].age = now }
        others = others.filter { $0.value > limit }.mapValues { min($0, now) }
    }

    /// Calls `body` with each identifier and age.
    func forEach(_ body: (String, Int) -> Void) {
        for entry in entries { body(entry.number.id, entry.age) }
        for (id, age) in others.sorted(by: { $0.key < $1.key }) { body(id, age) }
    }
}
