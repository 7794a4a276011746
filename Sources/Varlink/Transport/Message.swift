internal import FoundationEssentials
internal import NIOCore
internal import StrictJSON

/// Reads and writes the JSON objects that varlink exchanges (https://varlink.org/Method-Call).
enum Message {
    /// A received call with its parameters still encoded.
    struct Call {
        var method = ""
        var parameters: ByteBuffer?
        var more = false
        var oneway = false
        var upgrade = false
        /// How many JSON elements the whole message has: values, keys, and ends of objects and arrays.
        var elements = 0
    }

    /// A received reply with its parameters still encoded.
    struct Reply {
        var parameters: ByteBuffer?
        var continues = false
        var error: String?
    }

    /// The maximum nesting of objects and arrays in a message.
    static let maximumDepth = 64
    /// The most members of a message's top-level object; the protocol knows seven.
    private static let maximumMembers = 64
    /// The length of the shortest call, `{"method":"m"}`, in bytes.
    static let shortestCall = 14

    /// Parses a call; nil if it is not valid JSON or not a call.
    static func call(_ frame: ByteBuffer) -> Call? {
        guard let (members, elements) = members(of: frame) else { return nil }
        var call = Call()
        call.elements = elements
        for (key, value) in members {
            switch key {
            case "method":
                guard let method = string(value), !method.isEmpty else { return nil }
                call.method = method
            case "parameters":
                guard isObject(value) || isNull(value) else { return nil }
                call.parameters = isNull(value) ? nil : value
            case "more", "oneway", "upgrade":
                guard let flag = flag(value) else { return nil }
                if key == "more" { call.more = flag }
                if key == "oneway" { call.oneway = flag }
                if key == "upgrade" { call.upgrade = flag }
            default: break
            }
        }
        return call.method.isEmpty || (call.more && call.oneway) ? nil : call
    }

    /// Parses a reply; nil if it is not valid JSON or not a reply.
    static func reply(_ frame: ByteBuffer) -> Reply? {
        guard let (members, _) = members(of: frame) else { return nil }
        var reply = Reply()
        for (key, value) in members {
            switch key {
            case "parameters":
                guard isObject(value) || isNull(value) else { return nil }
                reply.parameters = isNull(value) ? nil : value
            case "continues":
                guard let flag = flag(value) else { return nil }
                reply.continues = flag
            case "error":
                guard !isNull(value) else { continue }
                guard let name = string(value) else { return nil }
                reply.error = name
            default: break
            }
        }
        return reply
    }

    /// Decodes parameters; absent parameters count as an empty object.
    static func decode<T: Decodable>(_ type: T.Type, from parameters: ByteBuffer?) throws -> T {
        guard let parameters else { return try JSONDecoder().decode(type, from: Data("{}".utf8)) }
        return try parameters.withUnsafeReadableBytes { bytes in
            guard let start = bytes.baseAddress else { throw EmptyParameters() }
            // Not copied: large parameters would stand in memory twice.
            let data = Data(
                bytesNoCopy: UnsafeMutableRawPointer(mutating: start), count: bytes.count, deallocator: .none)
            return try JSONDecoder().decode(type, from: data)
        }
    }
}

/// Parameters without a byte, which no parsed message has.
private struct EmptyParameters: Error {}

extension Message {
    /// Encodes a call with its NUL.
    ///
    /// Empty parameters and flags that are false are left out.
    static func call(
        _ method: String, _ parameters: some Encodable, more: Bool = false, oneway: Bool = false
    ) throws -> ByteBuffer {
        var members = [("method", try json(method))]
        try append(parameters, to: &members)
        if more { members.append(("more", Data("true".utf8))) }
        if oneway { members.append(("oneway", Data("true".utf8))) }
        return object(members)
    }

    /// Encodes a reply with its NUL.
    static func reply(_ parameters: some Encodable, continues: Bool) throws -> ByteBuffer {
        var members: [(String, Data)] = []
        try append(parameters, to: &members)
        if continues { members.append(("continues", Data("true".utf8))) }
        return object(members)
    }

    /// Encodes an error with its NUL.
    static func error(_ name: String, _ parameters: some Encodable) throws -> ByteBuffer {
        var members = [("error", try json(name))]
        try append(parameters, to: &members)
        return object(members)
    }

    private static func append(_ parameters: some Encodable, to members: inout [(String, Data)]) throws {
        let data = try json(parameters)
        guard data.first == UInt8(ascii: "{") else {
            throw EncodingError.invalidValue(
                parameters, .init(codingPath: [], debugDescription: "varlink parameters must be an object"))
        }
        if data.count > 2 { members.append(("parameters", data)) }
    }

    private static func json(_ value: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(value)
    }

    private static func object(_ members: [(String, Data)]) -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.reserveCapacity(members.reduce(3) { $0 + $1.0.utf8.count + $1.1.count + 4 })
        buffer.writeString("{")
        for (index, member) in members.enumerated() {
            buffer.writeString("\(index == 0 ? "" : ",")\"\(member.0)\":")
            buffer.writeBytes(member.1)
        }
        buffer.writeString("}\0")
        return buffer
    }
}

extension Message {
    /// The members of the top-level object, and the number of elements in all; nil if it is invalid or a key is
    /// repeated.
    private static func members(of frame: ByteBuffer) -> (members: [String: ByteBuffer], elements: Int)? {
        let scanned = frame.withUnsafeReadableBytes {
            try? JSONScanner.scan($0, maximumDepth: maximumDepth, maximumCount: maximumMembers)
        }
        guard let scanned else { return nil }
        var members: [String: ByteBuffer] = [:]
        for member in scanned.members {
            let slice = frame.getSlice(
                at: frame.readerIndex + member.value.lowerBound, length: member.value.count)
            guard members.updateValue(slice ?? ByteBuffer(), forKey: member.key) == nil else { return nil }
        }
        return (members, scanned.elements)
    }

    private static func string(_ value: ByteBuffer) -> String? {
        try? JSONDecoder().decode(String.self, from: Data(value.readableBytesView))
    }

    private static func flag(_ value: ByteBuffer) -> Bool? {
        switch String(buffer: value) {
        case "true": true
        case "false", "null": false
        default: nil
        }
    }

    private static func isObject(_ value: ByteBuffer) -> Bool {
        value.readableBytesView.first == UInt8(ascii: "{")
    }

    private static func isNull(_ value: ByteBuffer) -> Bool {
        value.readableBytesView.first == UInt8(ascii: "n")
    }
}
