#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// A file's name as the file system has it: bytes, of no encoding in particular.
public struct FileName: Sendable, Hashable {
    /// The bytes; there is neither a NUL nor a slash among them.
    let bytes: [UInt8]

    init(_ bytes: some Sequence<UInt8>) {
        self.bytes = Array(bytes)
    }

    init(_ text: String) {
        self.init(text.utf8)
    }

    /// The name for a system call.
    var path: [CChar] { bytes.map(CChar.init(bitPattern:)) + [0] }

    /// Whether it begins with a dot, as the names of unfinished files do by custom.
    var isHidden: Bool { bytes.first == UInt8(ascii: ".") }
}

extension FileName {
    /// The most bytes that the name of a spooled intent may have: the daemon's own name for it must still be one.
    static let limit = 200
    private static let ending = Array(".json".utf8)

    /// The name as text, where it may be a spooled intent's: valid UTF-8 without control characters that ends in `.json`,
    /// has something before that, is not hidden, and is at most ``limit`` bytes long.
    var spoolText: String? {
        guard bytes.count <= Self.limit, bytes.count > Self.ending.count, !isHidden,
            bytes.suffix(Self.ending.count).elementsEqual(Self.ending),
            let text = String(validating: bytes, as: UTF8.self),
            !text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
        else { return nil }
        return text
    }

    /// The name in characters that harm nobody, at most 120 of them: what else there is stands as `%` and two digits.
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

    /// The name of the result of a file of this name.
    public var resultName: String {
        if let spoolText { return spoolText }
        let harmless = harmless
        return harmless.hasSuffix(".json") ? harmless : harmless + ".json"
    }
}

/// The names in an open folder.
enum FolderNames {
    /// Calls a body with each name in turn, whatever its bytes; `.` and `..` are left out.
    ///
    /// - Throws: what the body throws; nothing for a folder that cannot be read, which has no names then.
    static func forEach<E: Error>(
        _ folder: Int32, _ body: (FileName) throws(E) -> Void
    ) throws(E) {
        // A descriptor of its own: reading moves the place in the folder.
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
