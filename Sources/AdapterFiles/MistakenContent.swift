/// What stands in the place of a file that was not downloaded or saved properly: a Git LFS pointer, a web page, an
/// archive.
///
/// Found by the first bytes only, and only asked once a file cannot be read as what its name says.
public struct MistakenContent: Sendable, Hashable {
    /// The form that a file should have.
    public enum Expectation: Sendable {
        /// JSON in UTF-8.
        case json
        /// A safetensors file.
        case safetensors
    }

    /// What the file is and what to do; continues "<file>: …".
    public let reason: String

    /// How many bytes are looked at.
    private static let window = 1024

    /// Recognises the content of a file; nil if it is nothing known.
    public init?(_ bytes: UnsafeRawBufferPointer, insteadOf expected: Expectation) {
        let start = Array(bytes.prefix(Self.window))
        let found =
            switch expected {
            case .json: Self.json(start)
            case .safetensors: Self.safetensors(start)
            }
        guard let found else { return nil }
        reason = found
    }

    /// Recognises the content of a file of which these bytes are the beginning.
    public init?(_ bytes: [UInt8], insteadOf expected: Expectation) {
        guard let found = bytes.withUnsafeBytes({ Self($0, insteadOf: expected) }) else { return nil }
        self = found
    }

    private static func json(_ start: [UInt8]) -> String? {
        if let wide = wideText(start) {
            return "\(wide); JSON is UTF-8. Save it as UTF-8 without a byte order mark"
        }
        let text = Text(start)
        if let found = text.pointer ?? text.markup ?? archive(start) ?? zeros(start) { return found }
        if text.hasMark {
            return
                "begins with a byte order mark, which JSON does not allow and PEFT refuses as well. Save it "
                + "as UTF-8 without one"
        }
        guard isSafetensors(start) else { return nil }
        return
            "holds weights (safetensors), not JSON. The files may have been exchanged; save the adapter again"
    }

    private static func safetensors(_ start: [UInt8]) -> String? {
        guard !isSafetensors(start) else { return nil }
        let text = Text(start)
        if let found = text.pointer ?? text.markup ?? archive(start) ?? zeros(start) { return found }
        if let wide = wideText(start) { return "\(wide), not weights. Download the file itself" }
        if text.trimmed.first == UInt8(ascii: "{") || text.trimmed.first == UInt8(ascii: "[") {
            return "is JSON text, such as a server's error message, not weights. Download the file itself"
        }
        guard text.isPrintable else { return nil }
        return "is plain text, such as a server's error message, not weights. Download the file itself"
    }

    /// Whether the bytes begin with a header's length of less than 4 GiB and a header.
    private static func isSafetensors(_ start: [UInt8]) -> Bool {
        start.count > 8 && start[4..<8].allSatisfy { $0 == 0 } && start[8] == UInt8(ascii: "{")
    }

    private static func wideText(_ start: [UInt8]) -> String? {
        let marks: [(bytes: [UInt8], name: String)] = [
            ([0xFF, 0xFE, 0, 0], "UTF-32"), ([0, 0, 0xFE, 0xFF], "UTF-32"), ([0xFF, 0xFE], "UTF-16"),
            ([0xFE, 0xFF], "UTF-16"),
        ]
        if let mark = marks.first(where: { start.starts(with: $0.bytes) }) {
            return "is \(mark.name) text with a byte order mark"
        }
        guard start.count >= 4 else { return nil }
        let isText = { (byte: UInt8) in (0x20...0x7E).contains(byte) || (9...13).contains(byte) }
        let little = isText(start[0]) && start[1] == 0 && isText(start[2]) && start[3] == 0
        let big = start[0] == 0 && isText(start[1]) && start[2] == 0 && isText(start[3])
        return little || big ? "is UTF-16 text" : nil
    }

    /// Formats with a signature, and where it stands.
    private static let signatures: [(bytes: [UInt8], offset: Int, name: String)] = [
        ([0x1F, 0x8B], 0, "is compressed with gzip. Decompress it"),
        (Array("BZh".utf8), 0, "is compressed with bzip2. Decompress it"),
        ([0xFD, 0x37, 0x7A, 0x58, 0x5A], 0, "is compressed with xz. Decompress it"),
        ([0x28, 0xB5, 0x2F, 0xFD], 0, "is compressed with Zstandard. Decompress it"),
        ([0x37, 0x7A, 0xBC, 0xAF], 0, "is a 7z archive. Unpack it"),
        (Array("ustar".utf8), 257, "is a tar archive. Unpack it"),
        (Array("GGUF".utf8), 0, "is a GGUF file. Use the adapter as PEFT saved it"),
        ([0x89, 0x48, 0x44, 0x46], 0, "is an HDF5 file. Save the adapter with PEFT as safetensors"),
        (
            [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59], 0,
            "is a NumPy array. Save the adapter with PEFT as safetensors"
        ),
        (Array("%PDF".utf8), 0, "is a PDF document. Download the file itself"),
    ]

    private static func archive(_ start: [UInt8]) -> String? {
        let resave = "save the adapter again with save_pretrained(…, safe_serialization=True)"
        if start.starts(with: [0x50, 0x4B, 0x03, 0x04]) || start.starts(with: [0x50, 0x4B, 0x05, 0x06]) {
            return
                "is a zip archive, which may be PyTorch's own format, a pickle that can run code when it is "
                + "loaded. Unpack it, or \(resave)"
        }
        if start.count > 2, start[0] == 0x80, (2...5).contains(start[1]), start[2] != 0 {
            return
                "is a Python pickle, which can run code when it is loaded. Load it where you trust it, and "
                + resave
        }
        return signatures.first { $0.offset <= start.count && start[$0.offset...].starts(with: $0.bytes) }?
            .name
    }

    private static func zeros(_ start: [UInt8]) -> String? {
        guard start.count >= 64, start.allSatisfy({ $0 == 0 }) else { return nil }
        return
            "begins with \(start.count) bytes of 0: a download or a copy that was not completed. Fetch it again"
    }
}

/// The beginning of a file, taken as text.
private struct Text {
    /// Whether it begins with the byte order mark of UTF-8.
    let hasMark: Bool
    /// The bytes without that mark and without white space at the start.
    let trimmed: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) {
        hasMark = bytes.starts(with: [0xEF, 0xBB, 0xBF])
        trimmed = bytes.dropFirst(hasMark ? 3 : 0).drop { $0 == 0x20 || (9...13).contains($0) }
    }

    private func begins(_ text: String) -> Bool {
        let lowered = trimmed.prefix(text.utf8.count).map { byte in
            (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
        }
        return lowered == Array(text.utf8)
    }

    /// A placeholder of a tool that keeps large files elsewhere.
    var pointer: String? {
        if ["https://git-lfs.github.com/", "https://hawser.github.com/", "http://git-media.io/"].contains(
            where: {
                begins("version \($0)")
            })
        {
            return "is a Git LFS pointer, not the file itself. Run 'git lfs pull' in the repository it comes "
                + "from, or download the file itself"
        }
        guard begins("/annex/objects/") || begins("../.git/annex/") || begins(".git/annex/") else {
            return nil
        }
        return
            "is a git-annex pointer, not the file itself. Run 'git annex get' in the repository it comes from"
    }

    /// HTML or XML.
    var markup: String? {
        // A number that stands for a header's length may begin with the same byte.
        guard trimmed.first == UInt8(ascii: "<"), let next = trimmed.dropFirst().first, next > 0x20,
            next < 0x7F
        else { return nil }
        let text = String(decoding: trimmed, as: UTF8.self).lowercased()
        let isPage = ["<!doctype html", "<html", "<head", "<body"].contains { text.contains($0) }
        return
            (isPage
            ? "is a web page (HTML), such as a login or an error page, not the file itself"
            : "is XML, such as a storage service's error message, not the file itself")
            + ". Download it again, with 'hf download' or the page's raw link"
    }

    /// Whether it is readable text in ASCII or UTF-8.
    var isPrintable: Bool {
        guard !trimmed.isEmpty,
            String(validating: trimmed.dropLast(min(3, trimmed.count - 1)), as: UTF8.self) != nil
        else { return false }
        return trimmed.allSatisfy { $0 >= 0x20 && $0 != 0x7F || (9...13).contains($0) }
    }
}
