extension StrictJSON {
    /// Reads one document.
    init(parsing bytes: UnsafeBufferPointer<UInt8>) throws(Failure) {
        var parser = Parser(bytes: bytes)
        parser.skipSpace()
        self = try parser.value(depth: 0)
        parser.skipSpace()
        guard parser.position == bytes.count else { throw parser.failure("there is text after the document") }
    }

    /// Reads one document.
    init(parsing bytes: [UInt8]) throws(Failure) {
        self = try bytes.withUnsafeBufferPointer { (buffer) throws(Failure) in try StrictJSON(parsing: buffer)
        }
    }
}

extension StrictJSON {
    private struct Parser {
        let bytes: UnsafeBufferPointer<UInt8>
        var position = 0
        var valuesLeft = StrictJSON.maximumValues

        init(bytes: UnsafeBufferPointer<UInt8>) {
            self.bytes = bytes
        }

        func failure(_ reason: String) -> Failure { Failure(reason: reason, offset: position) }

        var next: UInt8? { position < bytes.count ? bytes[position] : nil }

        mutating func skipSpace() {
            while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
                position += 1
            }
        }

        mutating func take(_ byte: UInt8) -> Bool {
            guard next == byte else { return false }
            position += 1
            return true
        }

        mutating func value(depth: Int) throws(Failure) -> StrictJSON {
            valuesLeft -= 1
            guard valuesLeft >= 0 else {
                throw failure("it holds more than \(StrictJSON.maximumValues) values")
            }
            switch next {
            case UInt8(ascii: "{"): return try .object(members(depth: depth + 1))
            case UInt8(ascii: "["): return try .array(elements(depth: depth + 1))
            case UInt8(ascii: "\""): return try .string(string())
            case UInt8(ascii: "t"): return try word("true", .bool(true))
            case UInt8(ascii: "f"): return try word("false", .bool(false))
            case UInt8(ascii: "n"): return try word("null", .null)
            case nil: throw failure("it ends where a value should stand")
            default: return try number()
            }
        }

        mutating func word(_ text: StaticString, _ value: StrictJSON) throws(Failure) -> StrictJSON {
            for index in 0..<text.utf8CodeUnitCount where !take(text.utf8Start[index]) {
                throw failure("a value should stand here")
            }
            return value
        }

        mutating func elements(depth: Int) throws(Failure) -> [StrictJSON] {
            try open(depth: depth)
            var result: [StrictJSON] = []
            if take(UInt8(ascii: "]")) { return result }
            while true {
                skipSpace()
                result.append(try value(depth: depth))
                skipSpace()
                if take(UInt8(ascii: "]")) { return result }
                guard take(UInt8(ascii: ",")) else { throw failure("',' or ']' should stand here") }
            }
        }

        mutating func members(depth: Int) throws(Failure) -> [Member] {
            try open(depth: depth)
            var result: [Member] = []
            if take(UInt8(ascii: "}")) { return result }
            var names: Set<String> = []
            while true {
                skipSpace()
                let start = position
                let name = try string()
                // A set costs more than it saves for the few members that most objects have.
                if result.count == 16 { names = Set(result.map(\.name)) }
                let isTwice =
                    result.count < 16
                    ? result.contains { $0.name == name } : !names.insert(name).inserted
                guard !isTwice else {
                    throw Failure(
                        reason: "the name \(Quoted(name)) stands twice in one object", offset: start)
                }
                skipSpace()
                guard take(UInt8(ascii: ":")) else { throw failure("':' should stand here") }
                skipSpace()
                result.append(Member(name: name, value: try value(depth: depth)))
                skipSpace()
                if take(UInt8(ascii: "}")) { return result }
                guard take(UInt8(ascii: ",")) else { throw failure("',' or '}' should stand here") }
            }
        }

        mutating func open(depth: Int) throws(Failure) {
            guard depth <= StrictJSON.maximumDepth else {
                throw failure("it is nested deeper than \(StrictJSON.maximumDepth) levels")
            }
            position += 1
            skipSpace()
        }

        mutating func digits() throws(Failure) {
            let start = position
            while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
            guard position > start else { throw failure("a value or a digit should stand here") }
        }

        mutating func number() throws(Failure) -> StrictJSON {
            let start = position
            let negative = take(UInt8(ascii: "-"))
            if !take(UInt8(ascii: "0")) { try digits() }
            var whole = true
            if take(UInt8(ascii: ".")) {
                whole = false
                try digits()
            }
            if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
                whole = false
                if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
                try digits()
            }
            guard position - start <= StrictJSON.maximumNumberLength else {
                throw Failure(
                    reason: "a number is longer than \(StrictJSON.maximumNumberLength) bytes", offset: start)
            }
            let text = String(decoding: bytes[start..<position], as: UTF8.self)
            if whole, let value = Int(text), !(negative && value == 0) { return .integer(value) }
            return .number(text: text)
        }

        mutating func string() throws(Failure) -> String {
            guard take(UInt8(ascii: "\"")) else { throw failure("a string should stand here") }
            let start = position
            var unescaped: [UInt8]?
            var runStart = start
            while let byte = next {
                switch byte {
                case UInt8(ascii: "\""):
                    let run = UnsafeBufferPointer(rebasing: bytes[runStart..<position])
                    let decoded =
                        if let head = unescaped {
                            String(validating: head + run, as: UTF8.self)
                        } else {
                            String(validating: run, as: UTF8.self)
                        }
                    guard let decoded else {
                        throw Failure(reason: "a string is not UTF-8", offset: start)
                    }
                    position += 1
                    return decoded
                case UInt8(ascii: "\\"):
                    var head = unescaped.take() ?? []
                    head.append(contentsOf: bytes[runStart..<position])
                    try escape(into: &head)
                    unescaped = head
                    runStart = position
                case 0..<0x20: throw failure("a string holds a control character that is not escaped")
                default: position += 1
                }
            }
            throw failure("it ends within a string")
        }

        mutating func escape(into text: inout [UInt8]) throws(Failure) {
            position += 1
            guard let byte = next else { throw failure("it ends within a string") }
            position += 1
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
            case UInt8(ascii: "b"): text.append(0x08)
            case UInt8(ascii: "f"): text.append(0x0C)
            case UInt8(ascii: "n"): text.append(0x0A)
            case UInt8(ascii: "r"): text.append(0x0D)
            case UInt8(ascii: "t"): text.append(0x09)
            case UInt8(ascii: "u"):
                var code = try hexadecimal()
                if (0xD800..<0xDC00).contains(code), take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) {
                    let low = try hexadecimal()
                    guard (0xDC00..<0xE000).contains(low) else {
                        throw failure("a string holds half a surrogate pair")
                    }
                    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)
                }
                guard let scalar = Unicode.Scalar(code) else {
                    throw failure("a string holds half a surrogate pair")
                }
                text.append(contentsOf: Array(String(Character(scalar)).utf8))
            default: throw failure("a string holds an unknown escape")
            }
        }

        mutating func hexadecimal() throws(Failure) -> UInt32 {
            var code: UInt32 = 0
            for _ in 0..<4 {
                guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                    throw failure("four hexadecimal digits should stand here")
                }
                code = code << 4 | UInt32(digit)
                position += 1
            }
            return code
        }
    }
}
