internal import Glibc

/// A file name as the file system stores it: bytes without an encoding.
struct FileName: Sendable, Hashable {
    /// The bytes, without NUL and slash.
    let bytes: [UInt8]

    init(_ bytes: some Sequence<UInt8>) {
        self.bytes = Array(bytes)
    }

    init(_ text: String) {
        self.init(text.utf8)
    }

    /// The name as a C string.
    var path: [CChar] { bytes.map(CChar.init(bitPattern:)) + [0] }

    /// Whether it begins with a dot, the convention for unfinished files.
    var isHidden: Bool { bytes.first == UInt8(ascii: ".") }
}

extension FileName {
    /// The most bytes that an intent's file name may have.
    ///
    /// The name in `taking/` is longer and must still be a valid one.
    static let limit = 200
    private static let ending = Array(".json".utf8)

    /// The name as text if it is valid for an intent: UTF-8 without control characters, not hidden, at most ``limit`` bytes
    /// long, and something followed by `.json`.
    var spoolText: String? {
        guard bytes.count <= Self.limit, bytes.count > Self.ending.count, !isHidden,
            bytes.suffix(Self.ending.count).elementsEqual(Self.ending),
            let text = String(validating: bytes, as: UTF8.self),
            !text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
        else { return nil }
        return text
    }

    /// The shortest random part that a name can have before its ending.
    private static let tailLength = 10

    /// A name such as `travel.~K3xTq9ZpLw02.json` without its random part: `travel.json`.
    ///
    /// Nobody can guess such a name, so nobody can occupy it before it is used. The random part begins with `.~` and has at
    /// least ten ASCII letters and digits.
    static func withoutTail(_ name: String) -> String {
        let stem = name.dropLast(ending.count)
        guard let tilde = stem.lastIndex(of: "~") else { return name }
        let (head, tail) = (stem[..<tilde], stem[tilde...].utf8.dropFirst())
        guard head.hasSuffix("."), head.utf8.count > 1, tail.count >= tailLength,
            tail.allSatisfy(isAlphanumeric)
        else { return name }
        return head.dropLast() + ".json"
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }

    /// The name in safe ASCII characters, at most 120 of them; other bytes are written as `%` and two hexadecimal digits.
    var harmless: String {
        var text = ""
        for byte in bytes {
            guard text.utf8.count <= 117 else { break }
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                text.unicodeScalars.append(Unicode.Scalar(byte))
            case UInt8(ascii: ".") where !text.isEmpty:
                text += "."
            default:
                text += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return text
    }

    /// The name as messages show it: as it is if it has no control characters, else in safe characters.
    var display: String {
        guard let text = String(validating: bytes, as: UTF8.self),
            !text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
        else { return harmless }
        return text
    }

    /// The name of the result file in `done/<uid>/`: the file's own, without what `withoutTail` leaves out.
    var resultName: String {
        if let spoolText { return Self.withoutTail(spoolText) }
        let harmless = harmless
        return harmless.hasSuffix(".json") ? harmless : harmless + ".json"
    }
}

/// Lists an open folder.
enum FolderNames {
    /// Calls a body with each name but `.` and `..`.
    ///
    /// A folder that cannot be read counts as empty.
    ///
    /// - Throws: what the body throws.
    static func forEach<E: Error>(
        _ folder: Int32, _ body: (FileName) throws(E) -> Void
    ) throws(E) {
        // Opened again, because reading moves the descriptor's position.
        let descriptor = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        guard let stream = fdopendir(descriptor) else {
            close(descriptor)
            return
        }
        defer { closedir(stream) }
        while let entry = readdir(stream) {
            let bytes = withUnsafeBytes(of: entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            guard bytes != [0x2E], bytes != [0x2E, 0x2E] else { continue }
            try body(FileName(bytes))
        }
    }

    /// All names.
    static func all(_ folder: Int32) -> [FileName] {
        var names: [FileName] = []
        forEach(folder) { names.append($0) }
        return names
    }
}
