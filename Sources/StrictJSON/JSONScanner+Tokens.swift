extension JSONScanner {
    func failure(_ reason: String) -> JSONSyntaxError { JSONSyntaxError(reason: reason, offset: position) }

    /// The next byte, nil at the end of the text.
    var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    mutating func take(_ byte: UInt8) -> Bool {
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    mutating func skipWhitespace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            default: return
            }
        }
    }

    /// The text of a range as it is written.
    func text(_ range: Range<Int>) -> String {
        String(decoding: UnsafeRawBufferPointer(rebasing: bytes[range]), as: UTF8.self)
    }

    /// Reads a string, a number or a literal that begins with `first`.
    mutating func scalar(_ first: UInt8) throws(JSONSyntaxError) -> Event {
        switch first {
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        default: return .number(try number())
        }
    }

    private mutating func literal(_ text: StaticString, _ event: Event) throws(JSONSyntaxError) -> Event {
        for index in 0..<text.utf8CodeUnitCount where !take(text.utf8Start[index]) {
            throw failure("expected a value")
        }
        return event
    }

    private mutating func digits() throws(JSONSyntaxError) {
        let start = position
        while position < bytes.count, bytes[position] >= 0x30, bytes[position] <= 0x39 { position += 1 }
        guard position > start else { throw failure("expected a value or a digit") }
    }

    private mutating func number() throws(JSONSyntaxError) -> NumberToken {
        let start = position
        _ = take(UInt8(ascii: "-"))
        if !take(UInt8(ascii: "0")) { try digits() }
        var isWhole = true
        if take(UInt8(ascii: ".")) {
            isWhole = false
            try digits()
        }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            isWhole = false
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            try digits()
        }
        return NumberToken(range: start..<position, isWhole: isWhole)
    }

    mutating func string() throws(JSONSyntaxError) -> StringToken {
        guard take(UInt8(ascii: "\"")) else { throw failure("expected a string") }
        let start = position
        var hasEscapes = false
        while position < bytes.count {
            let byte = bytes[position]
            if byte == UInt8(ascii: "\"") {
                position += 1
                return StringToken(range: start..<position - 1, hasEscapes: hasEscapes)
            } else if byte == UInt8(ascii: "\\") {
                hasEscapes = true
                try escape()
            } else if byte < 0x20 {
                throw failure("unescaped control character in a string")
            } else if byte < 0x80 {
                position += 1
            } else {
                try sequence(byte)
            }
        }
        throw failure("unexpected end of input in a string")
    }

    private mutating func escape() throws(JSONSyntaxError) {
        guard position + 1 < bytes.count else { throw failure("unexpected end of input in a string") }
        switch bytes[position + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            position += 2
        case UInt8(ascii: "u"):
            switch try codeUnit() {
            case 0xD800...0xDBFF:
                // The first half of a surrogate pair, which must be followed by the second.
                guard peek == UInt8(ascii: "\\"), (0xDC00...0xDFFF).contains(try codeUnit()) else {
                    throw failure("lone surrogate in a string")
                }
            case 0xDC00...0xDFFF: throw failure("lone surrogate in a string")
            default: break
            }
        default: throw failure("unknown escape sequence in a string")
        }
    }

    /// Reads `\u` and four hexadecimal digits.
    private mutating func codeUnit() throws(JSONSyntaxError) -> UInt16 {
        guard let unit = Self.codeUnit(at: position, in: bytes) else {
            throw failure("expected '\\u' and four hexadecimal digits")
        }
        position += 6
        return unit
    }

    /// Reads one multi-byte UTF-8 sequence: no overlong form, no surrogate, nothing above U+10FFFF.
    ///
    /// Source: the Unicode Standard, table 3-7, "Well-Formed UTF-8 Byte Sequences".
    private mutating func sequence(_ first: UInt8) throws(JSONSyntaxError) {
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
        default: throw failure("invalid UTF-8 in a string")
        }
        guard bytes.count - position >= length, second.contains(bytes[position + 1]) else {
            throw failure("invalid UTF-8 in a string")
        }
        for offset in 2..<max(length, 2) where bytes[position + offset] & 0xC0 != 0x80 {
            throw failure("invalid UTF-8 in a string")
        }
        position += length
    }
}

extension JSONScanner {
    /// A string that the scanner has read, escape sequences resolved.
    public func decode(_ token: StringToken) -> String {
        guard token.hasEscapes else { return text(token.range) }
        let source = UnsafeRawBufferPointer(rebasing: bytes[token.range])
        var result: [UInt8] = []
        result.reserveCapacity(source.count)
        var index = 0
        while index < source.count {
            guard source[index] == UInt8(ascii: "\\") else {
                result.append(source[index])
                index += 1
                continue
            }
            switch source[index + 1] {
            case UInt8(ascii: "b"): result.append(0x08)
            case UInt8(ascii: "f"): result.append(0x0C)
            case UInt8(ascii: "n"): result.append(0x0A)
            case UInt8(ascii: "r"): result.append(0x0D)
            case UInt8(ascii: "t"): result.append(0x09)
            case UInt8(ascii: "u"):
                var code = UInt32(Self.codeUnit(at: index, in: source) ?? 0)
                if (0xD800..<0xDC00).contains(code), let low = Self.codeUnit(at: index + 6, in: source) {
                    code = 0x10000 + ((code - 0xD800) << 10) + (UInt32(low) & 0x3FF)
                    index += 6
                }
                index += 4
                result += String(Unicode.Scalar(code) ?? "\u{FFFD}").utf8
            case let byte: result.append(byte)
            }
            index += 2
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// The UTF-16 code unit of an escape sequence `\uXXXX` at an offset; nil if there is none.
    private static func codeUnit(at offset: Int, in bytes: UnsafeRawBufferPointer) -> UInt16? {
        guard bytes.count - offset >= 6, bytes[offset] == UInt8(ascii: "\\"),
            bytes[offset + 1] == UInt8(ascii: "u")
        else { return nil }
        var unit: UInt16 = 0
        for index in offset + 2..<offset + 6 {
            guard let digit = Character(Unicode.Scalar(bytes[index])).hexDigitValue, bytes[index] < 0x80
            else { return nil }
            unit = unit << 4 | UInt16(digit)
        }
        return unit
    }
}
