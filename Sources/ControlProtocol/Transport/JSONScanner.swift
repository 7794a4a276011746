/// A strict, linear check of one JSON text (RFC 8259) that finds the members of its top-level object.
///
/// It runs before any decoder sees a message from outside: it does not recurse, allocates nothing that grows with the
/// input except one flag per level of nesting, refuses nesting beyond a bound, and refuses invalid UTF-8.
struct JSONScanner {
    /// One member of the top-level object: where its value lies in the text.
    struct Member {
        let key: String
        let value: Range<Int>
    }

    private let bytes: UnsafeRawBufferPointer
    private let maximumDepth: Int
    private var position = 0

    /// Scans a text.
    ///
    /// - Returns: the members of its top-level object in their order, or nil if it is not one sound JSON object, or nests
    ///   deeper than `maximumDepth` (the top-level object counts as one).
    static func members(of bytes: UnsafeRawBufferPointer, maximumDepth: Int) -> [Member]? {
        var scanner = JSONScanner(bytes: bytes, maximumDepth: maximumDepth)
        guard let members = scanner.object() else { return nil }
        scanner.skipSpace()
        return scanner.position == bytes.count ? members : nil
    }

    private init(bytes: UnsafeRawBufferPointer, maximumDepth: Int) {
        self.bytes = bytes
        self.maximumDepth = maximumDepth
    }

    private mutating func object() -> [Member]? {
        guard take(UInt8(ascii: "{")) else { return nil }
        var members: [Member] = []
        if take(UInt8(ascii: "}")) { return members }
        repeat {
            skipSpace()
            let start = position
            guard string() else { return nil }
            let key = String(
                decoding: UnsafeRawBufferPointer(rebasing: bytes[start + 1..<position - 1]), as: UTF8.self)
            guard take(UInt8(ascii: ":")) else { return nil }
            skipSpace()
            let valueStart = position
            guard value() else { return nil }
            // A message of very many members is hostile: no varlink message has more than five.
            guard members.count < 64 else { return nil }
            members.append(Member(key: key, value: valueStart..<position))
        } while take(UInt8(ascii: ","))
        return take(UInt8(ascii: "}")) ? members : nil
    }

    /// Passes one value of any kind, keeping the open brackets on a stack of its own.
    private mutating func value() -> Bool {
        var isObject: [Bool] = []
        while true {
            skipSpace()
            guard position < bytes.count else { return false }
            let first = bytes[position]
            if first == UInt8(ascii: "{") || first == UInt8(ascii: "[") {
                position += 1
                let opensObject = first == UInt8(ascii: "{")
                guard isObject.count + 2 <= maximumDepth else { return false }
                if !take(opensObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
                    isObject.append(opensObject)
                    if opensObject && !key() { return false }
                    continue
                }
            } else if !scalar(first) {
                return false
            }
            // A value has ended: what may follow depends on what is open.
            var expectsValue = false
            while !expectsValue {
                guard let inObject = isObject.last else { return true }
                if take(UInt8(ascii: ",")) {
                    if inObject && !key() { return false }
                    expectsValue = true
                } else if take(inObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
                    isObject.removeLast()
                } else {
                    return false
                }
            }
        }
    }

    private mutating func key() -> Bool {
        skipSpace()
        return string() && take(UInt8(ascii: ":"))
    }

    private mutating func scalar(_ first: UInt8) -> Bool {
        switch first {
        case UInt8(ascii: "\""): return string()
        case UInt8(ascii: "t"): return literal("true")
        case UInt8(ascii: "f"): return literal("false")
        case UInt8(ascii: "n"): return literal("null")
        default: return number()
        }
    }

    private mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            default: return
            }
        }
    }

    /// Passes white space and then `byte`, if it is there.
    private mutating func take(_ byte: UInt8) -> Bool {
        skipSpace()
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    private mutating func literal(_ text: StaticString) -> Bool {
        let length = text.utf8CodeUnitCount
        guard bytes.count - position >= length else { return false }
        for offset in 0..<length where bytes[position + offset] != text.utf8Start[offset] { return false }
        position += length
        return true
    }
}

extension JSONScanner {
    private mutating func digits() -> Bool {
        let start = position
        while position < bytes.count, bytes[position] >= 0x30, bytes[position] <= 0x39 { position += 1 }
        return position > start
    }

    private mutating func number() -> Bool {
        if bytes[position] == UInt8(ascii: "-") { position += 1 }
        let start = position
        guard digits() else { return false }
        if bytes[start] == UInt8(ascii: "0") && position > start + 1 { return false }
        if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
            position += 1
            guard digits() else { return false }
        }
        if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
            position += 1
            if position < bytes.count,
                bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-")
            {
                position += 1
            }
            guard digits() else { return false }
        }
        return true
    }

    private mutating func string() -> Bool {
        guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else { return false }
        position += 1
        while position < bytes.count {
            let byte = bytes[position]
            if byte == UInt8(ascii: "\"") {
                position += 1
                return true
            } else if byte == UInt8(ascii: "\\") {
                guard escape() else { return false }
            } else if byte < 0x20 {
                return false
            } else if byte < 0x80 {
                position += 1
            } else if !sequence(byte) {
                return false
            }
        }
        return false
    }

    private mutating func escape() -> Bool {
        guard position + 1 < bytes.count else { return false }
        switch bytes[position + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            position += 2
            return true
        case UInt8(ascii: "u"):
            guard let unit = codeUnit() else { return false }
            switch unit {
            case 0xD800...0xDBFF:
                // The first half of a pair; alone it is no character, and the decoder would refuse it.
                guard let second = codeUnit(), (0xDC00...0xDFFF).contains(second) else { return false }
            case 0xDC00...0xDFFF: return false
            default: break
            }
            return true
        default: return false
        }
    }

    /// Passes `\u` and four hexadecimal digits; nil where they are not there.
    private mutating func codeUnit() -> UInt16? {
        guard bytes.count - position >= 6, bytes[position] == UInt8(ascii: "\\"),
            bytes[position + 1] == UInt8(ascii: "u")
        else { return nil }
        var unit: UInt16 = 0
        for offset in 2..<6 {
            let digit: UInt8
            switch bytes[position + offset] {
            case let byte where (0x30...0x39).contains(byte): digit = byte - 0x30
            case let byte where (0x41...0x46).contains(byte): digit = byte - 0x41 + 10
            case let byte where (0x61...0x66).contains(byte): digit = byte - 0x61 + 10
            default: return nil
            }
            unit = unit << 4 | UInt16(digit)
        }
        position += 6
        return unit
    }

    /// Passes one multi-byte UTF-8 sequence: no overlong form, no surrogate, nothing above U+10FFFF (Unicode, table 3-7).
    private mutating func sequence(_ first: UInt8) -> Bool {
        let length: Int
        var second: ClosedRange<UInt8> = 0x80...0xBF
        switch first {
        case 0xC2...0xDF: length = 2
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: length = 3
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: length = 4
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        default: return false
        }
        guard bytes.count - position >= length, second.contains(bytes[position + 1]) else { return false }
        for offset in 2..<max(length, 2) where bytes[position + offset] & 0xC0 != 0x80 { return false }
        position += length
        return true
    }
}
