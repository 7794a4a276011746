/// A reply of HTTP/1.1 (RFC 9112) that is read as it arrives, in bounded memory.
///
/// It knows bodies of a given length, in chunks, and up to the end of the connection; it takes no compression, no
/// continuation of a header line and no informational reply, none of which a caller that asks for none receives.
package struct HTTPReply {
    /// The longest line of the head, or of a chunk's size, in bytes.
    static let maximumLine = 8192
    /// The most lines of a head, or of what follows the last chunk.
    static let maximumLines = 100

    private enum Stage {
        case statusLine
        case headers
        /// A body of a known length, of which so many bytes are missing.
        case sized(left: Int)
        case untilClose
        case chunkSize
        case chunk(left: Int)
        /// The line break after a chunk's data.
        case chunkEnd
        case trailer
        case done
    }

    /// The status code; 0 until its line is read.
    package private(set) var status = 0
    package private(set) var body: [UInt8] = []

    private let limit: Int
    private var stage = Stage.statusLine
    private var pending: [UInt8] = []
    private var start = 0
    private var lines = 0
    private var length: Int?
    private var isChunked = false

    /// - Parameter limit: the longest body, in bytes.
    package init(limit: Int) { self.limit = limit }

    package var isComplete: Bool { if case .done = stage { true } else { false } }

    /// Takes in what has arrived; bytes after the reply are an error, since nothing else was asked for.
    package mutating func read(_ bytes: [UInt8]) throws(LlamaServerFailure.Problem) {
        pending.removeFirst(start)
        start = 0
        pending += bytes
        while try step() {}
        guard !isComplete || start == pending.count else { throw .malformed("bytes follow the reply") }
    }

    /// Takes note that the server has closed the connection.
    package mutating func end() throws(LlamaServerFailure.Problem) {
        switch stage {
        case .done: break
        case .untilClose: stage = .done
        default: throw .init(.closed)
        }
    }

    /// Reads one line, or a piece of the body.
    ///
    /// - Returns: false if it needs more bytes, or the reply is complete.
    private mutating func step() throws(LlamaServerFailure.Problem) -> Bool {
        switch stage {
        case .done: return false
        case .sized(let left):
            let missing = left - take(left)
            stage = missing == 0 ? .done : .sized(left: missing)
            return false
        case .untilClose:
            let count = pending.count - start
            guard body.count + count <= limit else { throw .init(.tooLong(limit: limit)) }
            _ = take(count)
            return false
        case .chunk(let left):
            let missing = left - take(left)
            stage = missing == 0 ? .chunkEnd : .chunk(left: missing)
            return missing == 0
        case .statusLine, .headers, .chunkSize, .chunkEnd, .trailer:
            guard let line = try line() else { return false }
            try read(line: line)
            return true
        }
    }

    private mutating func read(line: String) throws(LlamaServerFailure.Problem) {
        switch stage {
        case .statusLine:
            let words = line.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
            guard words.count >= 2, words[0] == "HTTP/1.1" || words[0] == "HTTP/1.0",
                words[1].utf8.count == 3,
                let code = Int(words[1]), (200...599).contains(code)
            else { throw .malformed("its first line is not that of an HTTP reply") }
            status = code
            stage = .headers
        case .headers:
            if line.isEmpty { try beginBody() } else { try header(line) }
        case .chunkSize:
            let digits = line.prefix { $0 != ";" && $0 != " " }
            guard (1...8).contains(digits.utf8.count), digits.utf8.allSatisfy({ Self.isHexadecimal($0) }),
                let size = Int(digits, radix: 16)
            else { throw .malformed("the size of a chunk is no number") }
            guard body.count + size <= limit else { throw .init(.tooLong(limit: limit)) }
            lines = 0
            stage = size == 0 ? .trailer : .chunk(left: size)
        case .chunkEnd:
            guard line.isEmpty else { throw .malformed("a chunk is longer than its size") }
            stage = .chunkSize
        case .trailer:
            if line.isEmpty { stage = .done } else { try count() }
        case .sized, .untilClose, .chunk, .done: break
        }
    }

    private mutating func header(_ line: String) throws(LlamaServerFailure.Problem) {
        try count()
        guard let colon = line.firstIndex(of: ":"), colon != line.startIndex, line.first != " ",
            line.first != "\t"
        else { throw .malformed("a line of its head is no header") }
        let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
        switch line[..<colon].lowercased() {
        case "content-length":
            guard length == nil, !value.isEmpty, value.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                let count = Int(value)
            else { throw .malformed("its content length is no number") }
            length = count
        case "transfer-encoding":
            guard !isChunked, value.lowercased() == "chunked" else {
                throw .malformed("its transfer encoding is unknown")
            }
            isChunked = true
        case "content-encoding":
            guard value.lowercased() == "identity" else { throw .malformed("its body is compressed") }
        default: break
        }
    }

    private mutating func beginBody() throws(LlamaServerFailure.Problem) {
        guard length == nil || !isChunked else { throw .malformed("its length is said in two ways") }
        if let length, length > limit { throw .init(.tooLong(limit: limit)) }
        if status == 204 || status == 304 || length == 0 {
            stage = .done
        } else if let length {
            stage = .sized(left: length)
        } else {
            stage = isChunked ? .chunkSize : .untilClose
        }
    }

    private mutating func count() throws(LlamaServerFailure.Problem) {
        lines += 1
        guard lines <= Self.maximumLines else { throw .malformed("its head has too many lines") }
    }

    /// Moves up to `count` bytes to the body.
    ///
    /// - Returns: how many there were.
    private mutating func take(_ count: Int) -> Int {
        let end = start + min(count, pending.count - start)
        body += pending[start..<end]
        defer { start = end }
        return end - start
    }

    /// The next line without its line break; nil if it has not arrived in full.
    private mutating func line() throws(LlamaServerFailure.Problem) -> String? {
        guard let end = pending[start...].firstIndex(of: 0x0A) else {
            guard pending.count - start <= Self.maximumLine else { throw .malformed("a line is too long") }
            return nil
        }
        guard end - start <= Self.maximumLine else { throw .malformed("a line is too long") }
        guard end > start, pending[end - 1] == 0x0D else {
            throw .malformed("a line does not end with CR LF")
        }
        let bytes = pending[start..<(end - 1)]
        guard !bytes.contains(where: { $0 == 0 || $0 == 0x0D }) else {
            throw .malformed("a line holds a control character")
        }
        start = end + 1
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
            UInt8(ascii: "A")...UInt8(ascii: "F"):
            true
        default: false
        }
    }
}
